import { asFerryError, hasCode } from '../../errors.ts';
import type { ReplicaRequest } from '../../imports/request/request-replica.ts';
import type { TaskId } from '../../schemas/ids.ts';
import type { ReplicateMessage } from '../../state/messages.ts';
import type { Target } from '../../state/refs.ts';
import { hasEnded, type Task } from '../../state/task.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { lessonOf } from './imports/past-imports.ts';
import { type KnownImports, runningImport } from './imports/running-import.ts';
import { again, failed, left, type Next, waitFor } from './next.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** @throws FerryError by the refusal, `conflict` where another import has the record, or it takes none; nothing is queued then */
export type RequestReplica = (replica: ReplicaRequest, options: Options) => Promise<Pick<Task, 'taskId'>>;

export interface BringInServices extends KnownImports {
  /** Where it is absent nothing is begun: what others have begun is gone on with. */
  readonly requestReplica?: RequestReplica;
  /** Begins an import when its turn has come, if it may have to wait. */
  readonly inTurn?: (begin: () => Promise<Next>) => Promise<Next>;
}

/**
 * An import is waited for by the message that has begun it. Of a routine that comes upon one, the next run sees what it has
 * come to: or each run would add one more message that asks again and again.
 */
export const whileImporting = (message: ReplicateMessage, running: TaskId): Next =>
  message.replica.isRoutine && message.taskId === undefined
    ? left('its import runs')
    : again(message, 'its import runs', running);

/** A record that is getting its data: by an import of ours, or by what somebody else has begun, or left. */
export const whileBecoming = async (
  services: KnownImports,
  message: ReplicateMessage,
  { region, id, status }: ImageFacts,
): Promise<Next> => {
  const taskId = await runningImport(services, { region, imageId: id });
  if (taskId) return whileImporting(message, taskId);
  return waitFor(message, `image ${id} of region ${region} is ${status}, and no import is at work`);
};

/** The end of the import that this message has waited for. */
const endOf = async ({ tasks }: BringInServices, target: Target, { taskId }: ReplicateMessage) => {
  const task = taskId && (await tasks.get({ ...target, taskId }));
  return task && hasEnded(task) ? task : undefined;
};

/** @returns undefined where an import is to be begun */
const ofRoutine = async (
  { tasks }: BringInServices,
  { replica: { isRoutine = false } }: ReplicateMessage,
  target: Target,
): Promise<Next | undefined> => {
  const past = isRoutine && tasks.list ? await tasks.list(target) : [];
  const lesson = lessonOf(past, Date.now());
  if (lesson.kind === 'begin') return undefined;
  return lesson.kind === 'pause' ? left(lesson.reason) : failed(lesson.reason);
};

/** Who begins none tells what has become of the last one. */
const noneAtWork = async ({ tasks }: BringInServices, target: Target): Promise<Next> => {
  const last = tasks.list && (await tasks.list(target)).at(-1);
  return failed(
    last?.status === 'failure' ? `its import has failed: ${last.message}` : 'it has no data, and no import',
  );
};

/**
 * A refusal is somebody else's import, or passes with what Glance does there itself, or does not pass: it is waited for, for a
 * while.
 */
const begin = async (
  services: BringInServices & { readonly requestReplica: RequestReplica },
  message: ReplicateMessage,
  replica: ReplicaRequest,
  options: Options,
): Promise<Next> => {
  try {
    const { taskId } = await services.requestReplica(replica, options);
    return again(message, 'its import is queued', taskId);
  } catch (error) {
    if (!hasCode(error, 'conflict')) throw error;
    const target: Target = { region: replica.to.region, imageId: replica.imageId };
    const other = await runningImport(services, target);
    if (other) return again(message, 'another import has its record', other);
    return waitFor(message, asFerryError(error).explanation);
  }
};

const endedWithoutData = 'its import has ended, and it has no data';

/**
 * Has a record that has no data get it: an import that runs is waited for, another one is queued. One that has failed for
 * good while this message waited for it is not begun again: its record stays for whoever asks next.
 */
export const bringIn = async (
  services: BringInServices,
  message: ReplicateMessage,
  replica: ReplicaRequest,
  options: Options,
): Promise<Next> => {
  const target: Target = { region: replica.to.region, imageId: replica.imageId };
  const running = await runningImport(services, target);
  if (running) return whileImporting(message, running);
  const ended = await endOf(services, target, message);
  if (ended?.status === 'failure') return failed(`its import has failed: ${ended.message}`);
  if (ended) return waitFor(message, endedWithoutData);
  const { requestReplica, inTurn = (begin) => begin() } = services;
  if (!requestReplica) return await noneAtWork(services, target);
  const lesson = await ofRoutine(services, message, target);
  if (lesson) return lesson;
  return await inTurn(() => begin({ ...services, requestReplica }, message, replica, options));
};
