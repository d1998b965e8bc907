import type { Outbox } from '../aws/queue.ts';
import type { Download, SourceDescription } from '../download/download.ts';
import { FerryError, hasCode } from '../errors.ts';
import { type PropertyRules, requireKeepable, wantedProperties } from '../properties/wanted.ts';
import { segmentAt } from '../transfer/segment-plan.ts';
import type { OpenAccess } from '../imports/record/access.ts';
import { beginAnew } from './begin-anew.ts';
import { copySegment } from './copy-segment.ts';
import { type CopiedObject, copySource, requireIdentity } from './copy-source.ts';
import type { ImportMessage } from '../steps/messages.ts';
import { progressMessage } from './progress.ts';
import { prove } from './prove.ts';
import type { Step, StepRun } from '../steps/run-step.ts';
import { afterSegment, gather, planSplit, type SplitServices, split, stateOf } from './segments.ts';
import type { Task } from '../imports/record/task.ts';

export interface TransferServices extends SplitServices {
  readonly openAccess: OpenAccess;
  readonly applyQueue: Outbox<ImportMessage>;
  readonly propertyRules: PropertyRules;
}

type HandOn = Awaited<ReturnType<Step>>;

/** The end of a run that has got nowhere: another one would not either. */
const outOfTime = ({ message }: Task, download: Download, seconds: number): FerryError =>
  new FerryError(
    'out-of-time',
    `Failed to copy ${download.name}: ${seconds} s, a whole run of the function, brought nothing that was not stored ` +
      `before (${message || 'nothing copied yet'}). The image needs a longer timeout of the stream function, a ` +
      'source that has ranges or sends faster, or the worker (docs/worker.md), which has no limit on time',
  );

/** How much of this run's work is stored: parts of the image or the segment, and bytes that are verified. */
const storedSoFar = async ({ tasks }: TransferServices, { task, claim }: StepRun): Promise<number> => {
  const segment = task.segments && claim.segment && segmentAt(task.segments, claim.segment);
  const parts = await tasks.parts(task, segment || undefined);
  return parts.size + ((await tasks.get(task))?.verification?.offset ?? 0);
};

/**
 * Runs a piece of work until it is done, or the function's time ends: then it goes on in another run, if this one has
 * stored anything. It always goes on where its worker is told to stop.
 * @throws FerryError `out-of-time` if not
 */
const untilTimeEnds = async <T>(
  services: TransferServices,
  run: StepRun,
  download: Download,
  work: () => Promise<T>,
): Promise<T | 'goes on'> => {
  const startedMs = Date.now();
  const storedBefore = await storedSoFar(services, run);
  try {
    return await work();
  } catch (thrown) {
    const error = run.signal.aborted ? run.signal.reason : thrown;
    if (hasCode(error, 'upload-gone')) await beginAnew(services, run);
    if (hasCode(error, 'stopped')) return 'goes on';
    if (!hasCode(error, 'out-of-time')) throw error;
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    const stored = await storedSoFar(services, run);
    if (stored <= storedBefore)
      throw outOfTime((await services.tasks.get(run.task)) ?? run.task, download, seconds);
    run.log.info('goes on in another run', { stored, seconds });
    return 'goes on';
  }
};

/** The whole image as one object, in one stream or by gathering its segments. @returns undefined while segments are copied */
const copyAll = async (
  services: TransferServices,
  run: StepRun,
  download: Download,
  source: SourceDescription,
): Promise<CopiedObject | undefined> => {
  const { task, log } = run;
  if (task.stored) return { ...task.stored, digests: {} };
  // S3 has no multipart upload of nothing.
  if (source.size === 0) return { size: 0, digests: {} };
  if (task.segments) {
    requireIdentity(download, source, task.sourceIdentity);
    return await gather(services, run, { download, plan: task.segments });
  }
  const plan = await planSplit(services, run, download, source);
  if (plan) return void (await split(services, run, source, plan));
  log.info('copying', { source: download.name, bytes: source.size });
  return await copySource(services, run, { download, source });
};

const transferSegment = async (services: TransferServices, run: StepRun, number: number): Promise<HandOn> => {
  const { task, signal } = run;
  const plan = task.segments;
  if (task.stored) return undefined;
  // The upload of the plan was gone: the copy begins anew.
  if (!plan) return () => services.streamQueue.send({ imageId: task.imageId, taskId: task.id });
  const state = await stateOf(services, task, plan, number);
  if (state === 'not due') return undefined;
  if (state === 'done') return await afterSegment(services, run, plan, number);
  const { download } = await services.openAccess(task, { signal });
  const outcome = await untilTimeEnds(services, run, download, () =>
    copySegment(services, run, { download, plan, number }),
  );
  const message = { imageId: task.imageId, taskId: task.id, segment: number };
  if (outcome === 'goes on') return () => services.streamQueue.send(message);
  return await afterSegment(services, run, plan, number);
};

const transferImage = async (services: TransferServices, run: StepRun): Promise<HandOn> => {
  const { task, signal, log } = run;
  const message = { imageId: task.imageId, taskId: task.id };
  if (task.status === 'pending') await services.tasks.update(task, { status: 'processing' });
  const { download } = await services.openAccess(task, { signal });
  const source = await download.describe({ signal });
  const wanted = wantedProperties(source.record, task.roles, services.propertyRules);
  requireKeepable('The properties to be copied', wanted);
  const transferred = await untilTimeEnds(services, run, download, async () => {
    const copied = await copyAll(services, run, download, source);
    return copied && (await prove(services, run, copied, source));
  });
  if (transferred === 'goes on') return () => services.streamQueue.send(message);
  if (!transferred) return undefined;
  const { size } = transferred;
  await services.tasks.update(task, {
    transferred,
    wanted,
    message: progressMessage(size, size),
    uploadId: undefined,
    verification: undefined,
  });
  log.info('copied', { bytes: size });
  return () => services.applyQueue.send(message);
};

/**
 * The step `stream-image`: the source's bytes into the relay bucket; then apply-metadata's turn. One message copies a
 * small image, or one from a source without ranges. A large one is cut: the first message sets off a message for each
 * segment, the last segment to end sends one for the whole again, which makes one object of them and proves it. May
 * run twice or die anywhere: it goes on from what is stored, as it does when its time ends; a finished transfer only
 * hands on. With activation `none` there is nothing to copy.
 * @throws FerryError see the codes' rules for which are tried again
 */
export const createTransferImage =
  (services: TransferServices): Step =>
  async (run) => {
    const { task, claim } = run;
    const ids = { imageId: task.imageId, taskId: task.id };
    if (task.activation === 'none') return () => services.applyQueue.send({ ...ids, activation: 'none' });
    if (task.transferred) return () => services.applyQueue.send(ids);
    if (claim.segment !== undefined) return await transferSegment(services, run, claim.segment);
    return await transferImage(services, run);
  };
