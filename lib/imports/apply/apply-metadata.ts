import { setTimeout as delay } from 'node:timers/promises';
import { activateByUpload } from '../../activation/upload.ts';
import { sourceImageAgain } from '../../download/glance-download.ts';
import { asFerryError, claimLost, FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance.ts';
import type { Properties } from '../../properties/copied.ts';
import { type PropertyRules, requireKeepable, wantedProperties } from '../../properties/wanted.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Access, OpenAccess } from '../record/access.ts';
import { applyProperties } from './apply-properties.ts';
import { type EndServices, endImport } from '../end/end-import.ts';
import { isGiven, likenessOf } from '../record/is-given.ts';
import { targetImage } from '../record/look-at-target.ts';
import type { ImportMessage } from '../../steps/messages.ts';
import { type RelayObjectServices, readRelayObject } from '../../copies/relay-object.ts';
import type { Step, StepRun } from '../../steps/run-step.ts';
import { successOf } from '../end/success.ts';
import type { Task, Transferred } from '../record/task.ts';

export interface ApplyServices extends EndServices, RelayObjectServices {
  readonly openAccess: OpenAccess;
  readonly propertyRules: PropertyRules;
}

/** What the target is to get: as it was when the bytes were copied, or, without a copy before it, as it is now. */
const wantedOf = async ({ propertyRules }: ApplyServices, { task, signal }: StepRun, { source }: Access) => {
  if (task.wanted) return task.wanted;
  const record =
    source && task.source.kind === 'glance-download'
      ? await sourceImageAgain(source, task.source, { signal })
      : undefined;
  const wanted = wantedProperties(record, task.roles, propertyRules);
  requireKeepable('The properties to be copied', wanted);
  return wanted;
};

/** Formats and properties, while the target is queued, since Glance takes formats only then. */
const applyTo = async (
  { tasks }: ApplyServices,
  { task, signal, log }: StepRun,
  target: { readonly glance: Glance; readonly image: GlanceImage },
  wanted: Properties,
): Promise<void> => {
  const changes = await applyProperties(target, wanted, {
    signal,
    earlier: task.changes,
    remember: async (changes) => {
      if (!(await tasks.update(task, { changes, wanted }))) throw claimLost();
    },
  });
  await tasks.update(task, { isApplied: true });
  log.info('properties set', { names: Object.keys(changes) });
};

const looks = 5;
const firstLookMs = 100; // doubled each time

/** Glance's record of the target as soon as it says `active`: a replica of its database may be behind. */
const lookAtActive = async (target: Glance, { task, signal }: StepRun): Promise<GlanceImage | undefined> => {
  for (let look = 0; look < looks; look += 1) {
    if (look > 0) await delay(firstLookMs * 2 ** look, undefined, { signal });
    const image = await target.image(task.imageId, { signal });
    if (image.status === 'active') return image;
  }
  return undefined;
};

/**
 * Compares Glance's own hash of what it stored. The upload was answered and its bytes were proven before the last one
 * left, so the import has succeeded; what cannot be looked at now (the token has just ended) takes nothing from that.
 * @throws FerryError `data-mismatch` when Glance says that it holds other bytes
 */
const compareStored = async (target: Glance, run: StepRun, transferred: Transferred): Promise<void> => {
  const image = await lookAtActive(target, run).catch((error: unknown) => {
    run.log.warn('stored image not compared', { error: asFerryError(error) });
    return undefined;
  });
  if (!image || likenessOf(image, transferred) !== 'other') return;
  const { size, digests } = transferred;
  const expected = digests[image.os_hash_algo ?? ''];
  const found = `${image.size} bytes with ${image.os_hash_algo} ${image.os_hash_value}`;
  const reason = `Image ${image.id} is active but holds ${found} instead of ${size} bytes with ${expected}`;
  throw new FerryError('data-mismatch', reason);
};

const upload = async (services: ApplyServices, run: StepRun, target: Glance): Promise<void> => {
  const { imageId, transferred, id } = run.task;
  if (!transferred) throw new FerryError('conflict', `Nothing was transferred for task ${id}`);
  const { size } = transferred;
  const object = (options: { readonly signal: AbortSignal }) =>
    readRelayObject(services, run.task, { size, ...options });
  await activateByUpload({ target, imageId, ...transferred, object, signal: run.signal });
  await compareStored(target, run, transferred);
};

/** An earlier try may have died, or have lost its answer, after its upload. @throws FerryError `conflict` if not */
const requireGiven = async (services: ApplyServices, run: StepRun, image: GlanceImage): Promise<void> => {
  if (await isGiven(services, run, image)) return;
  const reason = `Image ${image.id} is active with other data, formats or properties than this import was to give it`;
  throw new FerryError('conflict', `${reason}: somebody else has made it active`);
};

/** @param stored the task as the table has it: its token opens for no other */
const apply = async (services: ApplyServices, given: StepRun, stored: Task): Promise<void> => {
  const { signal } = given;
  const access = await services.openAccess(stored, { signal });
  const image = await targetImage(access.target, given.task.imageId, { signal });
  const wanted = await wantedOf(services, given, access);
  const run = { ...given, task: { ...given.task, wanted } };
  if (image.status === 'active') return await requireGiven(services, run, image);
  await applyTo(services, run, { glance: access.target, image }, wanted);
  if (run.task.activation === 'upload') await upload(services, run, access.target);
};

/** A time that ended says of what: with `upload`, the way into Glance must fit into one run. */
const explain = ({ task, signal }: StepRun, startedMs: number, cause: unknown): unknown => {
  if (!signal.aborted || !hasCode(signal.reason, 'out-of-time')) return cause;
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const reason =
    `Failed to give image ${task.imageId} its properties and data: the function's time ended after ${seconds} s, and ` +
    `Glance takes an image, here of ${task.transferred?.size ?? 0} bytes, in one piece. It needs a longer timeout of ` +
    'the apply function, or the worker (docs/worker.md), which has no limit on time';
  return new FerryError('out-of-time', reason, { cause });
};

/**
 * The step `apply-metadata`: formats and properties, then the data, then the end. It may run twice or die anywhere.
 * With activation `none` it needs nothing transferred before it.
 */
export const createApplyMetadata =
  (services: ApplyServices, message: Pick<ImportMessage, 'activation'> = {}): Step =>
  async (given) => {
    const task = { ...given.task, activation: message.activation ?? given.task.activation };
    const run = { ...given, task };
    const startedMs = Date.now();
    if (!task.ending) {
      if (task.status === 'pending') await services.tasks.update(task, { status: 'processing' });
      await apply(services, run, given.task).catch((error: unknown) => {
        throw explain(run, startedMs, error);
      });
    }
    await endImport(services, run, task.ending ?? successOf(task));
    return undefined;
  };
