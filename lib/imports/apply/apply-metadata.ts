import { copyIdFor } from '../../copies/record/copy-id.ts';
import { sourceImageAgain } from '../../download/glance-download.ts';
import { claimLost, FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import { type PropertyRules, requireKeepable, wantedProperties } from '../../properties/wanted.ts';
import type { AttemptId } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Copies } from '../../state/copies.ts';
import type { Copy } from '../../state/copy.ts';
import type { ImportMessage } from '../../state/messages.ts';
import type { ImportRef } from '../../state/refs.ts';
import { msOf, type Properties, type Task } from '../../state/task.ts';
import { done, type Outcome } from '../../steps/outcome.ts';
import type { Step, StepRun } from '../../steps/step.ts';
import type { Access, OpenAccess } from '../access/access.ts';
import { type EndServices, endImport } from '../end/end-import.ts';
import { type IsGivenServices, isGiven } from '../end/is-given.ts';
import { successOf, type Vouched } from '../end/success.ts';
import { failToFailImport, toFailImport, workOnImports } from '../record/import-step.ts';
import { createLookAtTarget, isThere, targetImage } from '../record/look-at-target.ts';
import { nowProcessing } from '../record/state-change.ts';
import { hasFailed } from '../record/task-failure.ts';
import { applyProperties } from './apply-properties.ts';
import { type Applying, giveData, requireCopy } from './give-data.ts';
import { lookAtStored } from './look-at-stored.ts';

export interface ApplyServices extends EndServices, IsGivenServices {
  readonly copies: Copies;
  readonly openAccess: OpenAccess;
  readonly propertyRules: PropertyRules;
}

/** An import at work, and the attempt that holds its lease. */
interface Attempt extends Applying {
  readonly attempt: AttemptId;
}

/** What the target is to get: as it was when the import joined its copy, or, without a copy, as it is now. */
const wantedOf = async (
  { propertyRules }: ApplyServices,
  { task, signal }: Applying,
  { source }: Access,
): Promise<Properties> => {
  if (task.wanted) return task.wanted;
  const record =
    source && task.source.kind === 'glance-download'
      ? await sourceImageAgain(source, task.source, { signal })
      : undefined;
  const wanted = wantedProperties(record, task, propertyRules);
  requireKeepable('The properties to be copied', wanted);
  return wanted;
};

/** Formats and properties, while the target is queued, since Glance takes formats only then. */
const applyTo = async (
  { tasks, claims }: ApplyServices,
  { task, attempt, signal, log }: Attempt,
  target: { readonly glance: Glance; readonly image: GlanceImage },
  wanted: Properties,
): Promise<void> => {
  const { transferred } = task;
  const changes = await applyProperties(target, wanted, {
    signal,
    earlier: task.changes,
    // All that fail-import has to know of, in one write: what to roll back, and what the target may hold by then. The lease
    // afterwards: fail-import takes it before it reads the task, so that one of the two finds what the other has done.
    remember: async (changes) => {
      const isKept = await tasks.update(task, { changes, wanted, ...(transferred && { transferred }) });
      if (!isKept || !(await claims.renew(task, attempt))) throw claimLost();
    },
  });
  await tasks.update(task, { isApplied: true });
  log.info('properties set', { names: Object.keys(changes) });
};

/** An earlier try may have died, or have lost its answer, after its upload. @throws FerryError `conflict` if not */
const requireGiven = async (services: ApplyServices, run: Applying, image: GlanceImage): Promise<void> => {
  if (await isGiven(services, run, image)) return;
  const reason = `Image ${image.id} is active with other data, formats or properties than this import was to give it`;
  throw new FerryError('conflict', `${reason}: somebody else has made it active`);
};

/** @param stored the task as the table has it: its token opens for no other */
const apply = async (services: ApplyServices, found: Attempt, stored: Task): Promise<Vouched> => {
  const { signal } = found;
  const open = () => services.openAccess(stored, { signal });
  // An earlier try has given it all, and died before it could say so: with the token gone since, it still has.
  if (found.task.isUploaded) return await lookAtStored(services, found, async () => (await open()).target);
  const access = await open();
  const image = await targetImage(access.target, stored.imageId, { signal });
  const wanted = await wantedOf(services, found, access);
  const applying = { ...found, task: { ...found.task, wanted } };
  if (image.status === 'active') {
    await requireGiven(services, applying, image);
    return 'compared';
  }
  const isToUpload = applying.task.activation === 'upload';
  if (isToUpload) requireCopy(applying);
  await applyTo(services, applying, { glance: access.target, image }, wanted);
  if (!isToUpload) return 'compared';
  await giveData(services, applying, access.target);
  // Before the looks, which may take seconds: whatever ends this try, the next one knows.
  await services.tasks.update(stored, { isUploaded: true });
  return await lookAtStored(services, applying, async () => access.target);
};

/** A time that ended says of what: with `upload`, the way into Glance must fit into one run. */
const explain = ({ task, signal }: Applying, startedMs: number, cause: unknown): unknown => {
  if (!signal.aborted || !hasCode(signal.reason, 'out-of-time')) return cause;
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const reason =
    `Failed to give image ${task.imageId} its properties and data: the function's time ended after ${seconds} s, and ` +
    `Glance takes an image, here of ${task.transferred?.size ?? 0} bytes, in one piece. It needs a longer timeout of ` +
    'the apply function, or the worker (docs/worker.md), which has no limit on time';
  return new FerryError('out-of-time', reason, { cause });
};

/**
 * The copy that an import waits for. Its id says of what it is, and the task's token opens for that alone: whoever changes
 * a task in the table gives it the bytes of nobody else.
 * @throws FerryError `conflict` for a copy of something else
 */
const copyOf = async ({ copies }: ApplyServices, task: Task): Promise<Copy | undefined> => {
  const { copyId, activation, imageId } = task;
  const copy = copyId && activation === 'upload' ? await copies.get(copyId) : undefined;
  if (!copy || copyIdFor(task, copy) === copy.copyId) return copy;
  throw new FerryError('conflict', `Copy ${copyId} is not of what image ${imageId} is to be imported from`);
};

/** An import that needs no copy begins here. */
const processing = async ({ tasks, announce }: ApplyServices, task: Task): Promise<Task> => {
  if (task.status !== 'pending') return task;
  await announce(nowProcessing(task));
  await tasks.update(task, { status: 'processing' });
  return { ...task, status: 'processing' };
};

const applyMetadata = async (
  services: ApplyServices,
  { subject, attempt, signal, log }: StepRun<ImportRef, Task>,
  message: ImportMessage,
): Promise<Outcome> => {
  const { tasks } = services;
  const asked = { ...subject, activation: message.activation ?? subject.activation };
  if (asked.ending) {
    await endImport(services, { task: asked, signal, log }, asked.ending);
    return done;
  }
  if (hasFailed(asked)) return toFailImport(asked);
  const startedMs = Date.now();
  const copy = await copyOf(services, asked);
  if (copy?.failure) {
    await tasks.fail(asked, { explanation: copy.failure.reason, code: copy.failure.code });
    return toFailImport(asked);
  }
  // It will send for this import when it is done.
  if (copy && !copy.transferred) return done;
  const transferred = copy?.transferred ?? asked.transferred;
  const task = await processing(services, { ...asked, ...(transferred && { transferred }) });
  const applying = { task, attempt, copy, signal, log };
  const vouched = await apply(services, applying, subject).catch((error: unknown) => {
    throw explain(applying, startedMs, error);
  });
  await endImport(services, { task, signal, log }, successOf(task, vouched));
  return done;
};

/**
 * The step `apply-metadata`: formats and properties, then the copy's data, then the end. It may run twice or die
 * anywhere. With activation `none` it needs no copy.
 */
export const createApplyMetadata = (services: ApplyServices): Step<ImportRef, Task, ImportMessage> => {
  const lookAtTarget = createLookAtTarget(services.openAccess, isThere);
  return {
    ...workOnImports(services),
    waitingOf: ({ owner, taskId, createdAt }) => ({
      projectId: owner,
      work: taskId,
      sinceMs: msOf(createdAt),
    }),
    look: (task, _, options) => lookAtTarget(task, options),
    run: (run, message) => applyMetadata(services, run, message),
    ...failToFailImport(services),
  };
};
