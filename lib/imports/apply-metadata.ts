import { activateByUpload } from '../activation/upload.ts';
import { sourceImage } from '../download/glance-download.ts';
import { FerryError, hasCode } from '../errors.ts';
import type { Glance } from '../openstack/glance.ts';
import { type Changes, changesTo, patchFor } from '../properties/changes.ts';
import { copiedProperties, type Properties } from '../properties/copied.ts';
import { injectedProperties } from '../properties/injected.ts';
import type { ImageId } from '../schemas/ids.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import { MiB } from '../transfer/part-plan.ts';
import type { Access, OpenAccess } from './access.ts';
import type { Claims } from './claims.ts';
import { holdsTransferred } from './holds-transferred.ts';
import type { ImportMessage } from './messages.ts';
import { type RelayObjectServices, readRelayObject } from './relay-object.ts';
import type { Step, StepRun } from './run-step.ts';
import { objectKey, type Task, type Transferred } from './task.ts';
import type { Tasks } from './tasks.ts';

/** The operator's rules for an import's properties. */
export interface PropertyRules {
  /** Prefixes of the properties that are copied. */
  readonly prefixes: readonly string[];
  readonly inject: Properties;
  readonly ignoreUserRoles: readonly string[];
}

export interface ApplyServices extends RelayObjectServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly openAccess: OpenAccess;
  readonly propertyRules: PropertyRules;
}

const formatsOf = ({ disk_format, container_format }: GlanceImage): Properties => ({
  ...(disk_format && { disk_format }),
  ...(container_format && { container_format }),
});

/**
 * What the target gets: the source's formats and prefixed properties, then the injected ones, which win. Without a
 * source record (web-download) the injected ones alone.
 */
export const wantedProperties = (
  source: GlanceImage | undefined,
  callerRoles: readonly string[],
  { prefixes, inject, ignoreUserRoles }: PropertyRules,
): Properties => ({
  ...(source && { ...copiedProperties(source, prefixes), ...formatsOf(source) }),
  ...injectedProperties(inject, { ignoreUserRoles, callerRoles }),
});

const requireQueued = (target: GlanceImage): void => {
  if (target.status === 'queued') return;
  // Of an attempt that died while it uploaded: Glance puts the image back as soon as it sees the connection gone.
  const code = target.status === 'saving' ? 'unavailable' : 'conflict';
  throw new FerryError(code, `Image ${target.id} is ${target.status}, it needs to be queued`);
};

/**
 * Sets the wanted properties on a queued target in one PATCH.
 * @param remember called before the PATCH with what it will change
 */
export const applyProperties = async (
  target: { readonly glance: Glance; readonly image: GlanceImage },
  wanted: Properties,
  { signal, remember }: { readonly signal: AbortSignal; remember?(changes: Changes): Promise<void> },
): Promise<Changes> => {
  requireQueued(target.image);
  const changes = changesTo(target.image, wanted);
  await remember?.(changes);
  const operations = patchFor(changes);
  if (operations.length > 0) await target.glance.patch(target.image.id as ImageId, operations, { signal });
  return changes;
};

/** Glance's own hash of what it stored, against what was transferred. */
const verifyActive = (image: GlanceImage, transferred: Transferred): void => {
  if (holdsTransferred(image, transferred)) return;
  const { size, digests } = transferred;
  const expected = digests[image.os_hash_algo ?? ''];
  const found = `${image.size} bytes with ${image.os_hash_algo} ${image.os_hash_value}`;
  const reason = `Image ${image.id} is active but holds ${found} instead of ${size} bytes with ${expected}`;
  throw new FerryError('data-mismatch', reason);
};

const applyToTarget = async (
  services: ApplyServices,
  { task, signal, log }: StepRun,
  access: Access,
  image: GlanceImage,
) => {
  const record =
    access.source && task.source.kind === 'glance-download'
      ? await sourceImage(access.source, task.source, { signal })
      : undefined;
  const wanted = wantedProperties(record, task.roles, services.propertyRules);
  const changes = await applyProperties({ glance: access.target, image }, wanted, {
    signal,
    remember: async (changes) => {
      // A second try would remember the first one's work.
      if (!task.changes) await services.tasks.update(task, { changes });
    },
  });
  log.info('properties set', { names: Object.keys(changes) });
};

const activate = async (
  services: ApplyServices,
  { task, signal }: StepRun,
  target: Glance,
  image: GlanceImage,
) => {
  const { imageId, transferred } = task;
  if (!transferred) throw new FerryError('conflict', `Nothing was transferred for task ${task.id}`);
  if (image.status !== 'active') {
    const { size } = transferred;
    const object = (options: { readonly signal: AbortSignal }) =>
      readRelayObject(services, task, { size, ...options });
    await activateByUpload({ target, imageId, ...transferred, object, signal });
  }
  verifyActive(await target.image(imageId, { signal }), transferred);
};

const apply = async (services: ApplyServices, run: StepRun): Promise<void> => {
  const { task, signal } = run;
  const access = await services.openAccess(task, { signal });
  const image = await access.target.image(task.imageId, { signal });
  // A try that died after its upload left an active image: it only needs the proof.
  if (image.status !== 'active') await applyToTarget(services, run, access, image);
  if (task.activation === 'upload') await activate(services, run, access.target, image);
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

const successMessage = ({ transferred }: Task): string =>
  transferred ? `Copied ${Math.floor(transferred.size / MiB)} MiB` : 'Formats and properties are set';

/**
 * The step `apply-metadata`: formats and properties while the target is queued, since Glance takes formats only then;
 * then the data. It may run twice or die anywhere. With activation `none` it needs nothing transferred before it.
 */
export const createApplyMetadata =
  (services: ApplyServices, message: Pick<ImportMessage, 'activation'> = {}): Step =>
  async (given) => {
    const task = { ...given.task, activation: message.activation ?? given.task.activation };
    const run = { ...given, task };
    const { signal, log } = run;
    const startedMs = Date.now();
    await services.tasks.update(task, { status: 'processing' });
    try {
      await apply(services, run);
    } catch (error) {
      throw explain(run, startedMs, error);
    }
    await services.relay.remove(objectKey(task), { signal });
    await services.tasks.finish(task, { status: 'success', message: successMessage(task) });
    await services.claims.release(task.imageId, task.id);
    log.info('import succeeded', { bytes: task.transferred?.size });
    return undefined;
  };
