import { wakeCopy } from '../../copies/end/hand-on.ts';
import { type LeaveServices, leaveCopy } from '../../copies/end/leave-copy.ts';
import { copyIdFor, copyProjectOf } from '../../copies/record/copy-id.ts';
import type { Download, SourceDescription } from '../../download/download.ts';
import { requireReadable } from '../../download/readable.ts';
import { claimLost } from '../../errors.ts';
import { type PropertyRules, requireKeepable, wantedProperties } from '../../properties/wanted.ts';
import { type CopyId, newGeneration } from '../../schemas/ids.ts';
import type { Announce } from '../../state/announce.ts';
import type { Claims } from '../../state/claims.ts';
import type { Copy } from '../../state/copy.ts';
import type { ImportMessage, Send } from '../../state/messages.ts';
import { type ImportRef, importRef, wholeCopy } from '../../state/refs.ts';
import { hasEnded, type Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import { again, done, type Outcome, send } from '../../steps/outcome.ts';
import type { Step, StepRun } from '../../steps/step.ts';
import type { OpenAccess } from '../access/access.ts';
import { failToFailImport, toFailImport, workOnImports } from '../record/import-step.ts';
import { nowProcessing } from '../record/state-change.ts';
import { hasFailed } from '../record/task-failure.ts';
import { describeSource, isWaiting, waitedFor } from './waited-for.ts';

export interface JoinServices extends LeaveServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly send: Send;
  readonly announce: Announce;
  readonly openAccess: OpenAccess;
  readonly propertyRules: PropertyRules;
}

type JoinRun = StepRun<ImportRef, Task>;

/** Seconds until an import looks again that cannot join a copy which ends: as long as clearing up takes. */
const whenClearedS = 5;
/** The same where it is full: others leave it when it is finished, and each try asks the source for a byte. */
const whenLeftS = 60;

const toApplyMetadata = (task: Task, extra: Pick<ImportMessage, 'activation'> = {}): Outcome =>
  send({ to: 'apply-metadata', message: { ...importRef(task), ...extra } });

/** What the target is to get of the source, as its record says now. */
const wantedOf = ({ propertyRules }: JoinServices, task: Task, { record }: SourceDescription) => {
  const wanted = wantedProperties(record, task, propertyRules);
  requireKeepable('The properties to be copied', wanted);
  return wanted;
};

/**
 * Keeps which copy an import waits for before it joins, so that its end finds the copy wherever this run dies. A source
 * that has changed since an earlier run has another copy, and the old one is left.
 */
const chooseCopy = async (
  services: JoinServices,
  { subject: task, signal }: JoinRun,
  source: SourceDescription,
): Promise<CopyId> => {
  const copyId = copyIdFor(task, source);
  if (task.copyId && task.copyId !== copyId) await leaveCopy(services, task.copyId, task, { signal });
  const changes = { status: 'processing', copyId, wanted: wantedOf(services, task, source) } as const;
  if (task.status === 'pending') await services.announce(nowProcessing({ ...task, copyId }));
  if (!(await services.tasks.update(task, changes))) throw claimLost();
  return copyId;
};

/**
 * A copy that has failed takes all with it who wait for it: whoever was to tell them may have died, so that all are told
 * once more. Who comes later has one of his own when it is cleared up.
 */
const whenRefused = async (services: JoinServices, task: Task, copyId: CopyId): Promise<Outcome> => {
  const copy = await services.copies.get(copyId);
  if (copy?.failure && isWaiting(copy, task)) return wakeCopy(copy);
  return again(copy && !copy.failure && !copy.isEnding ? whenLeftS : whenClearedS);
};

/** An import's source, and the copy that it waits for already. */
interface Opened {
  readonly download: Download;
  readonly source: SourceDescription;
  readonly own: Copy | undefined;
}

/** Proves by one byte that the caller may have the copy's; an import that waits for it already has, or has begun it. */
const proveRight = async (
  services: JoinServices,
  { subject: task, signal }: JoinRun,
  copyId: CopyId,
  { download, source, own }: Opened,
): Promise<void> => {
  if (own?.copyId === copyId) return;
  try {
    await requireReadable(download, { size: source.size, signal });
  } catch (error) {
    // Its end has nothing to leave.
    if (task.copyId !== copyId) await services.tasks.update(task, { copyId: undefined });
    throw error;
  }
};

/**
 * Joins a copy that another import has begun; a finished one may be used at once. An earlier run of this import may have
 * finished the copy, and have died before all who wait were notified.
 */
const joinOthers = async (
  services: JoinServices,
  run: JoinRun,
  copyId: CopyId,
  opened: Opened,
): Promise<Outcome> => {
  const { subject: task } = run;
  const isAgain = task.copyId === copyId;
  await proveRight(services, run, copyId, opened);
  const copy = await services.copies.join(copyId, importRef(task));
  if (!copy) return await whenRefused(services, task, copyId);
  if (copy.transferred) return isAgain ? wakeCopy(copy) : toApplyMetadata(task);
  return { next: 'copy', inHand: { message: { copyId }, ...(isAgain && { isAgain }) } };
};

/**
 * Whether an import runs that has joined its copy. By clocks that differ another attempt may have been at work beside this
 * one, and have ended the import, and left the copy, before this one joined it: then it is left once more.
 */
const stillRuns = async (
  services: JoinServices,
  { subject: task, attempt, signal }: JoinRun,
  copyId: CopyId,
): Promise<boolean> => {
  const now = await services.tasks.get(task);
  if (now && !hasEnded(now) && !now.ending) return true;
  await services.copies.pause({ copyId, row: wholeCopy }, attempt);
  await leaveCopy(services, copyId, task, { signal });
  return false;
};

const joinCopy = async (services: JoinServices, run: JoinRun): Promise<Outcome> => {
  const { subject: task, attempt, signal, log } = run;
  if (task.activation === 'none') return toApplyMetadata(task, { activation: 'none' });
  if (hasFailed(task)) return toFailImport(task);
  // A late message: whoever has settled the end, and died, is to be gone on with.
  if (task.ending) return task.ending.status === 'success' ? toApplyMetadata(task) : toFailImport(task);
  const own = await waitedFor(services, task);
  // The source is not needed any more, whatever has become of it.
  if (own?.transferred || own?.failure) return wakeCopy(own);
  const { download } = await services.openAccess(task, { signal });
  const source = await describeSource(download, own, { signal });
  if ('waiting' in source) return wakeCopy(source);
  const copyId = await chooseCopy(services, run, source);
  const { identity, size, hashes } = source;
  const of = { projectId: copyProjectOf(task), name: download.name, identity, size, hashes };
  const sinceMs = performance.now();
  const isFirst = await services.copies.create(
    { copyId, generation: newGeneration(), ...of },
    importRef(task),
    attempt,
  );
  log.info(isFirst ? 'begins a copy' : 'joins a copy', { copy_id: copyId, source: download.name });
  const joined: Outcome = isFirst
    ? { next: 'copy', inHand: { message: { copyId }, attempt, sinceMs } }
    : await joinOthers(services, run, copyId, { download, source, own });
  if (!(await stillRuns(services, run, copyId))) return done;
  if (task.failure !== undefined) await services.tasks.recover(task);
  return joined;
};

/**
 * The step of an import that comes to stream-image: it joins the copy of its source that is being made, or is finished, for
 * another import of its project; or it begins one, and the same invocation copies. With activation `none` there is
 * nothing to copy. It may run twice or die anywhere.
 */
export const createJoinCopy = (services: JoinServices): Step<ImportRef, Task, ImportMessage> => {
  return {
    ...workOnImports(services),
    run: (run) => joinCopy(services, run),
    ...failToFailImport(services),
  };
};
