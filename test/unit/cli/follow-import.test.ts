import { expect, test } from 'vitest';
import { updateOf } from '../../../cli/deployment/follow-import.ts';
import { progressMessage } from '../../../lib/copies/record/progress-message.ts';
import type { TaskId } from '../../../lib/schemas/ids.ts';
import type { TaskStatus } from '../../../lib/state/task.ts';

const MiB = 1024 ** 2;
const saying = (message: string, status: TaskStatus = 'processing') => ({
  ...{ taskId: 't' as TaskId, status, message, createdAt: '', updatedAt: '' },
});

test('a task that runs says how far it is, in bytes of its source', () => {
  const size = 10.5 * MiB;
  const at = (done: number, what?: 'Copied' | 'Verified') =>
    updateOf(saying(progressMessage(done, size, what)), size, true);
  expect(updateOf(saying('', 'pending'), size, false)).toEqual({ state: 'queued' });
  expect(updateOf(saying(''), size, false)).toEqual({ state: 'running' });
  expect(at(3.7 * MiB)).toEqual({ state: 'copying', doneBytes: 3 * MiB, totalBytes: size });
  expect(at(size)).toEqual({ state: 'activating', doneBytes: size, totalBytes: size });
  expect(at(MiB, 'Verified')).toEqual({ state: 'verifying', doneBytes: MiB, totalBytes: size });
  expect(updateOf(saying(''), size, true)).toEqual({
    state: 'activating',
    doneBytes: size,
    totalBytes: size,
  });
});

test('a source whose length nobody knows has no total', () => {
  expect(updateOf(saying(progressMessage(7 * MiB, undefined)), undefined, false)).toEqual({
    ...{ state: 'copying', doneBytes: 7 * MiB },
  });
});
