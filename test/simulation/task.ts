import { newTask } from '../../lib/imports/record/new-task.ts';
import { type ImageId, newTaskId, type RegionName, type RequestId } from '../../lib/schemas/ids.ts';
import type { Task } from '../../lib/state/task.ts';

export const newImageId = (): ImageId => newTaskId() as unknown as ImageId;

/** An import: whose, from where, into which region. */
export interface Asked {
  readonly project: number;
  readonly sourceId: ImageId;
  /** Number of the target's region. */
  readonly region: number;
}

/** A new import's task, with a sealed token as long as a real one's: its items cost what they cost in the table. */
export const newSimulatedTask = ({ project, sourceId, region }: Asked): Task => {
  const imageId = newImageId();
  const task = newTask({
    region: `REGION${region}` as RegionName,
    imageId,
    requestId: `req-${imageId}` as RequestId,
    identity: {
      userId: 'u'.repeat(32),
      projectId: String(project).padStart(32, '0'),
      roles: ['member', 'reader'],
      catalog: [],
      expiresAtMs: 0,
    },
    body: {},
    source: { kind: 'glance-download', region: 'REGION1', interface: 'public', imageId: sourceId },
    targetEndpoint: `https://glance.region${region}.example.org`,
    activation: 'upload',
  });
  return { ...task, sealed: 's'.repeat(340) };
};
