import { createHash, randomUUID } from 'node:crypto';
import {
  type CopyId,
  type ImageId,
  newGeneration,
  newTaskId,
  type RegionName,
  type RequestId,
} from '../../../lib/schemas/ids.ts';
import type { StepName } from '../../../lib/state/messages.ts';
import type { ImportRef, Target } from '../../../lib/state/refs.ts';
import { glanceTime, type Task } from '../../../lib/state/task.ts';

export const minute = 60_000; // ms
export const hour = 60 * minute;
export const day = 24 * hour;

/** A region's name may hold what keys are made of. */
export const newTarget = (region = 'Zürich #2'): Target => ({
  region: region as RegionName,
  imageId: randomUUID() as ImageId,
});

export const importOf = (target: Target): ImportRef => ({ ...target, taskId: newTaskId() });
export const newImport = (): ImportRef => importOf(newTarget());

/** A step of its own for each case, so that they share no seats. */
export const newStep = (): StepName => randomUUID() as StepName;

export const newTask = (target = newTarget()): Task => ({
  ...importOf(target),
  status: 'pending',
  message: '',
  owner: 'project',
  userId: 'user',
  roles: ['member'],
  requestId: 'req-1' as RequestId,
  createdAt: glanceTime(new Date()),
  updatedAt: glanceTime(new Date()),
  importRequest: { method: { name: 'web-download' }, all_stores: false },
  source: { kind: 'web-download' },
  targetEndpoint: 'http://glance2',
  activation: 'upload',
  sealed: 'a sealed token',
});

export const newCopyId = (): CopyId => createHash('sha256').update(randomUUID()).digest('hex') as CopyId;
/** A copy that is to be made. */
export const newCopy = (copyId = newCopyId()) => ({
  copyId,
  generation: newGeneration(),
  projectId: 'project',
  identity: 'sha512 of it',
  name: 'image of it',
  hashes: [{ algorithm: 'sha512', value: 'ab' }],
});

export const partOf = (number: number) => ({
  number,
  etag: `"${number}"`,
  size: 5,
  checksum: 'AAAABw==',
});
