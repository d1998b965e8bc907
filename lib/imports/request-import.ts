import type { Outbox } from '../aws/queue.ts';
import { displayUri } from '../download/uri-filter.ts';
import { FerryError } from '../errors.ts';
import { log } from '../log.ts';
import { imageEndpoint } from '../openstack/catalog.ts';
import type { Glance } from '../openstack/glance.ts';
import type { Identity } from '../openstack/keystone.ts';
import {
  type ImageId,
  newTaskId,
  parseImageId,
  type RequestId,
  type TaskId,
  type Token,
} from '../schemas/ids.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import type { createSourceCheck } from './check-source.ts';
import type { Claims } from './claims.ts';
import {
  type ImportBody,
  parseImportBody,
  parseSource,
  type RequestedSource,
  refuseStores,
} from './import-body.ts';
import type { ImportMessage } from './messages.ts';
import type { Sealer } from './sealed-secrets.ts';
import type { TargetRegion } from './target-region.ts';
import type { Activation, Task, TaskSource } from './task.ts';
import { glanceTime, type Tasks } from './tasks.ts';

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
const hasActiveTask = (): FerryError => conflict('Image has active task');

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

/** The body as the task list shows it: what we know of it, defaults filled in, a URI without its secrets. */
const shownRequest = (body: ImportBody, source: RequestedSource): Task['importRequest'] => {
  const { all_stores = false, all_stores_must_succeed = true } = body;
  const method =
    source.kind === 'web-download'
      ? { name: source.kind, uri: displayUri(source.uri) }
      : {
          name: source.kind,
          glance_image_id: source.imageId,
          glance_region: source.region,
          glance_service_interface: source.interface,
        };
  return { method, all_stores, all_stores_must_succeed };
};

const taskSource = (source: RequestedSource, { catalog }: Identity): TaskSource => {
  if (source.kind === 'web-download') return { kind: source.kind };
  const endpoint = imageEndpoint(catalog, source);
  return { ...source, ...(endpoint && { endpoint }) };
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
    if (taken.replaced) await endPreempted(task.imageId, taken.replaced);
    try {
      await tasks.create(task);
      await services.streamQueue.send({ imageId: task.imageId, taskId: task.id });
    } catch (error) {
      await tasks.remove(task);
      await claims.release(task.imageId, task.id);
      throw error;
    }
    await claims.queued(task.imageId, task.id);
  };

  const endPreempted = (imageId: ImageId, id: TaskId): Promise<void> =>
    tasks.finish({ imageId, id }, { status: 'failure', message: 'Expired lock preempted' });

  const newTask = (
    request: RequestedImport,
    identity: Identity,
    image: GlanceImage,
    parsed: Parsed,
  ): Task => {
    const id = newTaskId();
    const now = glanceTime(new Date());
    const uri = parsed.source.kind === 'web-download' ? { uri: parsed.source.uri } : {};
    return {
      imageId: image.id as ImageId,
      id,
      status: 'pending',
      message: '',
      owner: identity.projectId,
      userId: identity.userId,
      roles: identity.roles,
      requestId: request.requestId,
      createdAt: now,
      updatedAt: now,
      importRequest: shownRequest(parsed.body, parsed.source),
      source: taskSource(parsed.source, identity),
      targetEndpoint: parsed.target.endpoint,
      activation: services.activation,
      sealed: services.sealer.seal(id, { token: request.token, ...uri }),
    };
  };

  return async (request: RequestedImport): Promise<Task> => {
    const { token, signal } = request;
    const { identity, target } = await services.targetRegion(token, { signal });
    const body = parseImportBody(request.body);
    const id = parseImageId(request.imageId);
    if (!id) throw new FerryError('not-found', `No image found with ID ${request.imageId}`);
    const image = await target.image(id, { signal });
    requireTarget(image, body, formatsNeeded(body));
    const source = parseSource(body);
    if (await claims.holder(id)) throw hasActiveTask();
    refuseStores(body, request.store);
    const task = newTask(request, identity, image, { body, source, target });
    if (services.contract === 'ferry' || source.kind === 'web-download') {
      await services.checkSource(source, task.source, { token }, { signal });
    }
    await requireModifiable(target, image, signal);
    await enqueue(task);
    log.info('import queued', { task_id: task.id, image_id: id, method: body.method.name });
    return task;
  };
};

interface Parsed {
  readonly body: ImportBody;
  readonly source: RequestedSource;
  readonly target: Glance;
}
