import { displayUri } from '../../download/uri-filter.ts';
import { imageEndpoint } from '../../openstack/catalog.ts';
import type { Identity } from '../../openstack/validate-token.ts';
import { type ImageId, newTaskId, type RequestId } from '../../schemas/ids.ts';
import type { ImportRequest } from '../../schemas/import-request.ts';
import type { Target } from '../../state/refs.ts';
import { type Activation, glanceTime, type Task, type TaskSource } from '../../state/task.ts';

/** Source of the bytes, as a request names it. */
export type RequestedSource =
  | {
      readonly kind: 'glance-download';
      readonly region: string;
      readonly interface: string;
      readonly imageId: ImageId;
    }
  | { readonly kind: 'web-download'; readonly uri: string };

/** Where the source lies, and whose rights count there, when that is not the caller's catalog. */
export interface SourceAt {
  readonly endpoint: string;
  readonly projectId: string;
  /** Entry of the deployment's clouds; undefined for a token of the caller's. */
  readonly cloud?: string;
}

/** What a new import is made of. */
export interface NewTask extends Target {
  readonly requestId: RequestId;
  readonly identity: Identity;
  readonly body: Pick<ImportRequest, 'all_stores' | 'all_stores_must_succeed'>;
  readonly source: RequestedSource;
  readonly targetEndpoint: string;
  readonly activation: Activation;
  readonly sourceAt?: SourceAt | undefined;
  /** Entry of the deployment's clouds, with whose rights the target is written. */
  readonly cloud?: string;
  /** Whether the target is in another cloud than the deployment's. */
  readonly isOfOtherCloud?: boolean;
}

/** The body as the task list shows it: what we know of it, defaults filled in, a URI without its secrets. */
const shownRequest = (body: NewTask['body'], source: RequestedSource): Task['importRequest'] => {
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

const taskSource = ({ source, sourceAt, identity: { catalog } }: NewTask): TaskSource => {
  if (source.kind === 'web-download') return { kind: source.kind };
  if (sourceAt) return { ...source, ...sourceAt };
  const endpoint = imageEndpoint(catalog, source);
  return { ...source, ...(endpoint && { endpoint }) };
};

/** The record of an import that was just asked for, without its secrets. */
export const newTask = (made: NewTask): Task => {
  const { region, imageId, requestId, identity, body, source, targetEndpoint, activation, cloud } = made;
  const now = glanceTime(new Date());
  return {
    region,
    imageId,
    taskId: newTaskId(),
    status: 'pending',
    message: '',
    owner: identity.projectId,
    userId: identity.userId,
    roles: identity.roles,
    requestId,
    createdAt: now,
    updatedAt: now,
    importRequest: shownRequest(body, source),
    source: taskSource(made),
    targetEndpoint,
    activation,
    ...(cloud !== undefined && { cloud }),
    ...(made.isOfOtherCloud && { isOfOtherCloud: true }),
  };
};
