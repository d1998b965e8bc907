import type { Outbox } from '../aws/queue.ts';
import { FerryError } from '../errors.ts';
import { log } from '../log.ts';
import type { Glance } from '../openstack/glance.ts';
import { type ImageId, parseImageId, type RequestId, type TaskId, type Token } from '../schemas/ids.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import type { createSourceCheck } from './check-source.ts';
import type { Claims } from './claims.ts';
import { type ImportBody, parseImportBody, parseSource, refuseStores } from './import-body.ts';
import type { ImportMessage } from './messages.ts';
import { newTask } from './new-task.ts';
import type { Sealer } from './sealed-secrets.ts';
import type { TargetRegion } from './target-region.ts';
import { type Activation, hasEnded, type Task } from './task.ts';
import type { Tasks } from './tasks.ts';

export interface RequestServices {
  readonly targetRegion: TargetRegion;
  readonly sealer: Sealer;
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly streamQueue: Outbox<ImportMessage>;
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

/** Replacing the name by itself asks Glance its own question: may this caller modify the image? */
const requireModifiable = async (target: Glance, image: GlanceImage, signal: AbortSignal): Promise<void> => {
  const operation = { op: 'replace', path: '/name', value: image.name ?? null } as const;
  await target.patch(image.id as ImageId, [operation], { signal });
};

/**
 * The step `import-image`: everything that can be known at once is answered at once; then the image is claimed and
 * the import queued. Checks run in Glance's order (images.py, import_image); the PATCH comes last, so that a bad
 * request leaves even `updated_at` as it was.
 * @throws FerryError by the refusal; nothing is changed then
 */
export const createRequestImport = (services: RequestServices) => {
  const { claims, tasks } = services;

  const formatsNeeded = (source: ImportBody): boolean =>
    services.contract === 'glance' || source.method.name === 'web-download';

  const enqueue = async (task: Task): Promise<void> => {
    const taken = await claims.take(task.imageId, task.id);
    if (!taken)
      throw conflict(
        `New operation on image '${task.imageId}' is not permitted as prior operation is still in progress`,
      );
    try {
      if (taken.replaced) await endPreempted(task.imageId, taken.replaced);
      await tasks.create(task);
      await services.streamQueue.send({ imageId: task.imageId, taskId: task.id });
    } catch (error) {
      await tasks.remove(task);
      await claims.release(task.imageId, task.id);
      throw error;
    }
    await claims.queued(task.imageId, task.id);
  };

  /** A task that has ended holds its image for the moment between its last two writes. */
  const requireFree = async (imageId: ImageId): Promise<void> => {
    const id = await claims.holder(imageId);
    if (!id) return;
    const task = await tasks.get({ imageId, id });
    if (!task || !hasEnded(task)) throw conflict('Image has active task');
    await claims.release(imageId, id);
  };

  const endPreempted = (imageId: ImageId, id: TaskId): Promise<void> =>
    tasks.finish({ imageId, id }, { status: 'failure', message: 'Expired lock preempted' });

  return async (request: RequestedImport): Promise<Task> => {
    const { token, signal } = request;
    const { identity, target } = await services.targetRegion(token, { signal });
    const body = parseImportBody(request.body);
    const id = parseImageId(request.imageId);
    if (!id) throw new FerryError('not-found', `No image found with ID ${request.imageId}`);
    const image = await target.image(id, { signal });
    requireTarget(image, body, formatsNeeded(body));
    const source = parseSource(body);
    await requireFree(id);
    refuseStores(body, request.store);
    const { requestId } = request;
    const { activation, sealer } = services;
    const made = { imageId: id, requestId, identity, token, body, source, activation };
    const task = newTask({ ...made, targetEndpoint: target.endpoint }, sealer);
    if (services.contract === 'ferry' || source.kind === 'web-download') {
      await services.checkSource(source, task.source, { token }, { signal });
    }
    await requireModifiable(target, image, signal);
    await enqueue(task);
    log.info('import queued', { task_id: task.id, image_id: id, method: body.method.name });
    return task;
  };
};
