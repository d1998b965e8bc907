import { newTask } from '../../../lib/imports/record/new-task.ts';
import { type ImageId, newTaskId, type RegionName, type RequestId } from '../../../lib/schemas/ids.ts';
import type { Task } from '../../../lib/state/task.ts';

/** A new task of a new image. */
export const taskFixture = (imageId = newTaskId() as unknown as ImageId): Task => ({
  ...newTask({
    region: 'REGION2' as RegionName,
    imageId,
    requestId: 'req-1' as RequestId,
    identity: { userId: 'user', projectId: 'project', roles: ['member'], catalog: [], expiresAtMs: 0 },
    body: {},
    source: { kind: 'web-download', uri: 'https://h/i' },
    targetEndpoint: 'http://glance2',
    activation: 'upload',
  }),
  sealed: 'a sealed token',
});
