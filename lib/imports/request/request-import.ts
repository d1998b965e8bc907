import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { logOf } from '../../log.ts';
import { countStarted } from '../../metrics.ts';
import { begun } from '../../promises.ts';
import { type ImageId, parseImageId, type RequestId, type TaskId, type Token } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { createSourceCheck } from './check-source.ts';
import type { EnabledMethods } from './enabled-methods.ts';
import { type EnqueueServices, enqueueImport } from './enqueue-import.ts';
import { requireNoImportOfGlance } from '../record/glance-tasks.ts';
import { type ImportBody, parseImportBody, parseMethod, parseSource } from './import-body.ts';
import { requireModifiable, seemsModifiable } from './modifiable.ts';
import { newTask } from '../record/new-task.ts';
import type { Sealer } from '../record/sealed-secrets.ts';
import { requireDefaultStore } from './stores.ts';
import type { Caller, TargetRegion } from './target-region.ts';
import { type Activation, hasEnded, type Task } from '../record/task.ts';

export interface RequestServices extends EnqueueServices {
  readonly targetRegion: TargetRegion;
  readonly sealer: Sealer;
  readonly enabledMethods: EnabledMethods;
  readonly checkSource: ReturnType<typeof createSourceCheck>;
  /** `glance`: as upstream, formats must be set before and the source is looked at by the task only. */
  readonly contract: 'ferry' | 'glance';
  readonly activation: Activation;
}

/** POST /v2/images/{image_id}/import, taken apart. */
export interface RequestedImport {
  readonly imageId: string;
  readonly token: Token;
  readonly body: string | undefined;
  /** Header X-Image-Meta-Store. */
  readonly store: string | undefined;
  readonly requestId: RequestId;
  readonly signal: AbortSignal;
}

/** A request whose caller, body and image id are good. */
interface Asked {
  readonly request: RequestedImport;
  readonly caller: Caller;
  readonly body: ImportBody;
  readonly imageId: ImageId;
}

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
  const requireFree = async (imageId: ImageId, id: TaskId | undefined): Promise<void> => {
    if (!id) return;
    const task = await tasks.get({ imageId, id });
    if (!task || !hasEnded(task)) throw conflict('Image has active task');
    await claims.release(imageId, id);
  };

  const taskOf = async (asked: Asked): Promise<Task> => {
    const { caller, imageId, body, request } = asked;
    const { requestId, token } = request;
    const { activation, sealer } = services;
    const source = parseSource(body);
    const made = { imageId, requestId, identity: caller.identity, body, source, activation };
    const task = newTask({ ...made, targetEndpoint: caller.target.endpoint });
    const uri = source.kind === 'web-download' ? { uri: source.uri } : {};
    return { ...task, sealed: await sealer.seal(task, { token, ...uri }) };
  };

  const checkSource = async ({ body, request }: Asked, task: Task, signal: AbortSignal): Promise<void> => {
    const source = parseSource(body);
    if (services.contract === 'glance' && source.kind !== 'web-download') return;
    await services.checkSource(source, task.source, request.token, { signal });
  };

  /** @returns the task that all checks let pass */
  const check = async (asked: Asked, options: { readonly signal: AbortSignal }): Promise<Task> => {
    const { caller, imageId, body, request } = asked;
    const { target } = caller;
    const found = begun(() => target.image(imageId, options));
    const allowed = begun(() => seemsModifiable(target, imageId, options));
    const holder = begun(() => claims.holder(imageId));
    const made = begun(() => taskOf(asked));
    const checked = begun(async () => checkSource(asked, await made, options.signal));

    const image = await found;
    requireTarget(image, body, formatsNeeded(body));
    const task = await made;
    if (!(await allowed)) await requireModifiable(target, image, options);
    await requireNoImportOfGlance(target, image, options);
    await requireFree(imageId, await holder);
    await requireDefaultStore({ body, header: request.store }, target, options);
    await checked;
    return task;
  };

  return async (request: RequestedImport): Promise<Task> => {
    const { token, signal } = request;
    const caller = await services.targetRegion(token, { signal });
    const named = parseMethod(request.body);
    await services.enabledMethods.require(named.method.name, caller.target, { signal });
    const body = parseImportBody(named);
    const imageId = parseImageId(request.imageId);
    if (!imageId) throw new FerryError('not-found', `No image found with ID ${echo(request.imageId)}`);
    const decided = new AbortController();
    const options = { signal: AbortSignal.any([signal, decided.signal]) };
    const task = await check({ request, caller, body, imageId }, options).finally(() => decided.abort());
    await enqueueImport(services, task);
    countStarted();
    logOf(task).info('import queued', { method: body.method.name });
    return task;
  };
};
