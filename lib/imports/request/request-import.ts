import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { logOf } from '../../log.ts';
import { countStarted } from '../../metrics.ts';
import { requireTheirSource } from '../../openstack/own-url.ts';
import { begun } from '../../promises.ts';
import { type ImageId, parseImageId, type RequestId, type TaskId, type Token } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import { type Activation, hasEnded, type Task } from '../../state/task.ts';
import { requireModifiable, seemsModifiable } from '../access/modifiable.ts';
import type { Sealer } from '../access/sealed-secrets.ts';
import type { Asking, Caller, Targets } from '../access/targets.ts';
import { requireNoImportOfGlance } from '../record/glance-tasks.ts';
import { newTask } from '../record/new-task.ts';
import type { createSourceCheck } from './check-source.ts';
import type { EnabledMethods } from './enabled-methods.ts';
import { type EnqueueServices, enqueueImport } from './enqueue-import.ts';
import { type ImportBody, parseImportBody, parseMethod, parseSource } from './import-body.ts';
import type { FindSourceCloud } from './source-cloud.ts';
import { requireDefaultStore } from './stores.ts';

export interface RequestServices extends EnqueueServices {
  readonly targets: Targets;
  readonly sealer: Sealer;
  readonly enabledMethods: EnabledMethods;
  readonly findSourceCloud: FindSourceCloud;
  readonly checkSource: ReturnType<typeof createSourceCheck>;
  /** `glance`: as upstream, formats must be set before and the source is looked at by the task only. */
  readonly contract: 'ferry' | 'glance';
  readonly activation: Activation;
}

/** POST /v2/images/{image_id}/import, taken apart. */
export interface RequestedImport extends Asking {
  readonly imageId: string;
  readonly body: string | undefined;
  /** Header X-Image-Meta-Store. */
  readonly store: string | undefined;
  /** Header X-Source-Auth-Token: the caller's for the source, where that lies in another cloud. */
  readonly sourceToken?: Token | undefined;
  readonly requestId: RequestId;
}

/** A request whose caller, body and image id are good. */
interface Asked {
  readonly request: RequestedImport;
  readonly caller: Caller;
  readonly body: ImportBody;
  readonly imageId: ImageId;
}

/** One of Glance's checks. @throws FerryError in Glance's words */
type Check = () => Promise<unknown>;

const conflict = (message: string): FerryError => new FerryError('conflict', message);

/** Checks k, m, o and p of Glance's import_image, in its order and words. */
const requireTarget = (image: GlanceImage, { method }: ImportBody, formatsNeeded: boolean): void => {
  if (image.status === 'active') throw conflict('Image with status active cannot be target for import');
  if (image.status !== 'queued')
    throw conflict(`Image needs to be in 'queued' state to use '${method.name}' method`);
  if (!formatsNeeded) return;
  if (!image.container_format) throw conflict("'container_format' needs to be set before import");
  if (!image.disk_format) throw conflict("'disk_format' needs to be set before import");
};

/**
 * The step `import-image`: everything that can be known at once is answered at once; then the image is claimed and
 * the import queued. Glance, the source and the table are asked at the same time, but answers are looked at in the order
 * of Glance's own checks (images.py, import_image): of two faults the caller is told the one that Glance finds first.
 * @throws FerryError by the refusal; nothing is changed then
 */
export const createRequestImport = (services: RequestServices) => {
  const { claims, tasks } = services;

  const formatsNeeded = (source: ImportBody): boolean =>
    services.contract === 'glance' || source.method.name === 'web-download';

  /** A task that has ended holds its image for the moment between its last two writes. */
  const requireFree = async ({ caller: { region }, imageId }: Asked, taskId: TaskId | undefined) => {
    if (!taskId) return;
    const ref = { region, imageId, taskId };
    const task = await tasks.get(ref);
    if (!task || !hasEnded(task)) throw conflict('Image has active task');
    await claims.release(ref);
  };

  const taskOf = async ({ caller, imageId, body, request }: Asked, signal: AbortSignal): Promise<Task> => {
    const { requestId, token, sourceToken } = request;
    const { identity, region, target, otherKeystone } = caller;
    const { activation, sealer } = services;
    const source = parseSource(body);
    const sourceAt = await services.findSourceCloud(source, { ...caller, sourceToken }, { signal });
    const isOfOtherCloud = otherKeystone !== undefined;
    const made = { region, imageId, requestId, identity, body, source, activation, sourceAt, isOfOtherCloud };
    const task = newTask({ ...made, targetEndpoint: target.endpoint });
    const uri = source.kind === 'web-download' ? { uri: source.uri } : {};
    const theirs = sourceAt && sourceToken ? { sourceToken } : {};
    return { ...task, sealed: await sealer.seal(task, { token, ...theirs, ...uri }) };
  };

  const checkSource = async ({ body, request }: Asked, task: Task, signal: AbortSignal): Promise<void> => {
    const requested = parseSource(body);
    const { source } = task;
    if (source.kind === 'glance-download' && source.endpoint !== undefined)
      requireTheirSource({ ...source, endpoint: source.endpoint }, request.root);
    if (services.contract === 'glance' && requested.kind !== 'web-download') return;
    await services.checkSource(requested, source, request.sourceToken ?? request.token, { signal });
  };

  /** Glance's checks in its order. What they have to ask is asked now, side by side. */
  const beginChecks = (asked: Asked, made: Promise<Task>, signal: AbortSignal): readonly Check[] => {
    const { caller, imageId, body, request } = asked;
    const { region, target } = caller;
    const options = { signal };
    const image = begun(() => target.image(imageId, options));
    const allowed = begun(() => seemsModifiable(target, imageId, options));
    const holder = begun(() => claims.holder({ region, imageId }));
    const source = begun(async () => checkSource(asked, await made, signal));
    return [
      async () => requireTarget(await image, body, formatsNeeded(body)),
      () => made,
      async () => (await allowed) || (await requireModifiable(target, await image, options)),
      async () => requireNoImportOfGlance(target, await image, options),
      async () => requireFree(asked, await holder),
      () => requireDefaultStore({ body, header: request.store }, target, options),
      () => source,
    ];
  };

  /** @returns the task that all checks let pass */
  const check = async (asked: Asked): Promise<Task> => {
    const decided = new AbortController();
    const signal = AbortSignal.any([asked.request.signal, decided.signal]);
    const made = begun(() => taskOf(asked, signal));
    try {
      for (const passes of beginChecks(asked, made, signal)) await passes();
      return await made;
    } finally {
      decided.abort();
    }
  };

  return async (request: RequestedImport): Promise<Task> => {
    const { signal } = request;
    const caller = await services.targets.caller(request);
    const named = parseMethod(request.body);
    await services.enabledMethods.require(named.method.name, caller.target, { signal });
    const body = parseImportBody(named);
    const imageId = parseImageId(request.imageId);
    if (!imageId) throw new FerryError('not-found', `No image found with ID ${echo(request.imageId)}`);
    const task = await check({ request, caller, body, imageId });
    await enqueueImport(services, task);
    countStarted(task.region);
    logOf(task).info('import queued', { method: body.method.name });
    return task;
  };
};
