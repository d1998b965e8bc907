import type { Outbox } from '../aws/queue.ts';
import type { Download, SourceDescription } from '../download/download.ts';
import { isResumable } from '../transfer/resumable-digest.ts';
import {
  firstSegments,
  lastSegments,
  planSegments,
  type SegmentLimits,
  type SegmentPlan,
  segmentAfter,
} from '../transfer/segment-plan.ts';
import { completeCopy } from './complete-copy.ts';
import { fillGaps, type SegmentServices } from './copy-segment.ts';
import { type CopiedObject, planFor } from './copy-source.ts';
import { earlierParts } from './earlier-parts.ts';
import type { ImportMessage } from '../steps/messages.ts';
import type { StepRun } from '../steps/run-step.ts';
import { hashToRead } from './source-hash.ts';
import type { TaskKey } from '../imports/record/task.ts';

export interface SplitServices extends SegmentServices {
  readonly segmentLimits: SegmentLimits;
  /** Of stream-image: a message for each segment. */
  readonly streamQueue: Outbox<ImportMessage>;
}

/**
 * How an image is to be cut, or undefined where one ordered stream copies it: a small one, one whose bytes nothing
 * vouches for, a source without ranges, and an import that has begun as one stream.
 */
export const planSplit = async (
  services: SplitServices,
  { task, signal }: StepRun,
  download: Download,
  source: SourceDescription,
): Promise<SegmentPlan | undefined> => {
  const { size, hashes } = source;
  if (size === undefined || !source.isResumable) return undefined;
  // An upload without parts is of a split that died between its two writes, or of a stream that has stored nothing.
  if (task.uploadId && (await services.tasks.parts(task)).size > 0) return undefined;
  // The object of the segments is proven by reading it, in as many runs as that takes.
  const hash = hashToRead(source);
  if (hashes.length > 0 && !(hash && isResumable(hash.algorithm))) return undefined;
  const plan = planSegments(size, planFor(size, services), services.segmentLimits);
  return plan && (await download.probeRanges({ size, signal })) ? plan : undefined;
};

const messageFor = ({ imageId, id }: TaskKey, segment: number): ImportMessage => ({
  imageId,
  taskId: id,
  segment,
});

/** Sends a message for each of these segments that has not begun yet. */
const setOff = async (
  { segments, streamQueue }: SplitServices,
  task: TaskKey,
  numbers: readonly number[],
): Promise<void> => {
  const [first = 1, last = first] = [numbers.at(0), numbers.at(-1)];
  const begun = await segments.between(task, first, last);
  for (const number of numbers) {
    if (begun.get(number)?.storedBefore === undefined) await streamQueue.send(messageFor(task, number));
  }
};

/** Creates the upload, keeps the plan, and sends the first messages: as many as may be at work at once. */
export const split = async (
  services: SplitServices,
  run: StepRun,
  source: SourceDescription,
  plan: SegmentPlan,
): Promise<void> => {
  await earlierParts(services, run, source);
  await services.tasks.update(run.task, { segments: plan });
  run.log.info('copying in segments', { bytes: plan.size, segments: plan.count, at_once: plan.atOnce });
  await setOff(services, run.task, firstSegments(plan));
};

/** What is to be done for a segment's message, whoever sent it and how often it comes. */
export const stateOf = async (
  { segments }: SegmentServices,
  task: TaskKey,
  plan: SegmentPlan,
  number: number,
): Promise<'due' | 'done' | 'not due'> => {
  const before = number - plan.atOnce;
  const records = await segments.between(task, Math.max(1, before), number);
  if (records.get(number)?.isDone) return 'done';
  return number <= plan.count && (before < 1 || records.get(before)?.isDone) ? 'due' : 'not due';
};

const areAllDone = async (
  { segments }: SegmentServices,
  task: TaskKey,
  plan: SegmentPlan,
): Promise<boolean> => {
  const last = lastSegments(plan);
  const records = await segments.between(task, last[0] ?? 1, plan.count);
  return last.every((number) => records.get(number)?.isDone);
};

/** For an import that was silent for long: the message of each row that is not at its end is lost. */
const setOffAgain = async (
  { segments, streamQueue }: SplitServices,
  task: TaskKey,
  plan: SegmentPlan,
): Promise<void> => {
  const records = await segments.between(task, 1, plan.count);
  for (const first of firstSegments(plan)) {
    let next: number | undefined = first;
    while (next !== undefined && records.get(next)?.isDone) next = segmentAfter(plan, next);
    if (next !== undefined) await streamQueue.send(messageFor(task, next));
  }
};

/**
 * After a segment: sets off the next one of its row. When there is none and all are copied, one segment alone tells
 * the import so. @returns what sends that message
 */
export const afterSegment = async (
  services: SplitServices,
  { task }: StepRun,
  plan: SegmentPlan,
  number: number,
): Promise<(() => Promise<void>) | undefined> => {
  const next = segmentAfter(plan, number);
  if (next !== undefined) return () => setOff(services, task, [next]);
  if (!(await areAllDone(services, task, plan))) return undefined;
  // Dead between the two writes, this segment's message comes again, and is sent by it alone.
  const isFirst = await services.tasks.gather(task, number);
  const gathering = isFirst ? undefined : (await services.tasks.get(task))?.gathering;
  if (!isFirst && (gathering?.by !== number || gathering.isSent)) return undefined;
  return async () => {
    await services.streamQueue.send({ imageId: task.imageId, taskId: task.id });
    await services.tasks.update(task, { gathering: { by: number, isSent: true } });
  };
};

/**
 * Makes one object of all segments. Segments that never began, because their sender died, are set off; parts that the
 * store has lost are copied once more.
 * @returns undefined when there is something left to copy
 */
export const gather = async (
  services: SplitServices,
  run: StepRun,
  { download, plan }: { readonly download: Download; readonly plan: SegmentPlan },
): Promise<CopiedObject | undefined> => {
  const { task } = run;
  if (!(await areAllDone(services, task, plan))) {
    await setOff(services, task, firstSegments(plan));
    if (task.revivals) await setOffAgain(services, task, plan);
    return undefined;
  }
  const parts = await fillGaps(services, run, { download, plan });
  await completeCopy(services, run, { uploadId: task.uploadId ?? '', size: plan.size, parts });
  return { size: plan.size, digests: {} };
};
