import { randomUUID } from 'node:crypto';
import type { CloudRegion } from '../../clouds/cloud.ts';
import { logOf } from '../../log.ts';
import { countStarted } from '../../metrics.ts';
import type { ImageId, RequestId } from '../../schemas/ids.ts';
import type { Task } from '../../state/task.ts';
import type { Sealer } from '../access/sealed-secrets.ts';
import { newTask } from '../record/new-task.ts';
import { type EnqueueServices, enqueueImport } from './enqueue-import.ts';

export interface ReplicaServices extends EnqueueServices {
  readonly sealer: Sealer;
}

/** An import that is to be queued, with the rights that the deployment has in both regions. */
export interface ReplicaRequest {
  readonly from: CloudRegion;
  readonly sourceId: ImageId;
  readonly to: CloudRegion;
  /** The record that gets the data: it is there, and `queued`. */
  readonly imageId: ImageId;
}

const newRequestId = (): RequestId => `req-${randomUUID()}` as RequestId;

/** Nothing of it is a secret: sessions are opened anew by each step, by the names of their clouds. */
const taskOf = ({ from, sourceId, to, imageId }: ReplicaRequest): Task =>
  newTask({
    region: to.region,
    imageId,
    requestId: newRequestId(),
    identity: to.identity,
    body: {},
    source: {
      kind: 'glance-download',
      region: from.region,
      interface: from.session.cloud.interface,
      imageId: sourceId,
    },
    sourceAt: {
      endpoint: from.endpoint,
      projectId: from.identity.projectId,
      cloud: from.session.cloud.name,
    },
    targetEndpoint: to.endpoint,
    activation: 'upload',
    cloud: to.session.cloud.name,
  });

/**
 * Queues an import that goes with the deployment's own rights.
 * @throws FerryError `conflict` when an import of ours holds the image: it is that one's end which is to be waited for;
 *   nothing is queued then, nor after any other error
 */
export const createRequestReplica =
  (services: ReplicaServices) =>
  async (request: ReplicaRequest, { signal }: { readonly signal: AbortSignal }): Promise<Task> => {
    signal.throwIfAborted();
    const task = taskOf(request);
    const queued = { ...task, sealed: await services.sealer.seal(task, {}) };
    await enqueueImport(services, queued);
    countStarted(task.region);
    logOf(task).info('import queued', { method: 'glance-download', cloud: task.cloud });
    return queued;
  };
