import { newTask } from '../../lib/imports/record/new-task.ts';
import type { Task } from '../../lib/state/task.ts';
import { type ImageId, newTaskId, type RequestId } from '../../lib/schemas/ids.ts';

const sourceId = newTaskId() as unknown as ImageId;

/** A new import's task, with a sealed token as long as a real one's: its items cost what they cost in the table. */
export const newSimulatedTask = (project: number): Task => {
  const imageId = newTaskId() as unknown as ImageId;
  const task = newTask({
    imageId,
    requestId: `req-${imageId}` as RequestId,
    identity: {
      userId: 'u'.repeat(32),
      projectId: String(project).padStart(32, '0'),
      roles: ['member', 'reader'],
      catalog: [],
      expiresAtMs: 0,
    },
    body: { method: { name: 'glance-download' } },
    source: { kind: 'glance-download', region: 'REGION1', interface: 'public', imageId: sourceId },
    targetEndpoint: 'https://glance.region2.example.org',
    activation: 'upload',
  });
  return { ...task, sealed: 's'.repeat(340) };
};
