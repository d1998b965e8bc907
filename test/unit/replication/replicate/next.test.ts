import { describe, expect, test } from 'vitest';
import { patienceMs } from '../../../../lib/replication/record/patience.ts';
import { again, type Next, patiently } from '../../../../lib/replication/replicate/next.ts';
import type { TaskId } from '../../../../lib/schemas/ids.ts';
import type { ReplicateMessage } from '../../../../lib/state/messages.ts';
import { toRegion2 } from './messages.ts';

const taskId = 'a-task' as TaskId;

const messageOf = (next: Next | undefined): ReplicateMessage => {
  if (next?.next !== 'again') throw new Error('it does not come again');
  return next.message;
};

const delaysOf = (look: (message: ReplicateMessage) => Next | undefined, times: number): number[] => {
  let message = toRegion2;
  return Array.from({ length: times }, () => {
    const next = look(message);
    message = messageOf(next);
    return next?.next === 'again' ? next.delayS : 0;
  });
};

describe('a replica that is waited for', () => {
  test('is looked at after 2 seconds, and ever more seldom, but every 30 seconds', () => {
    const delays = [2, 3, 5, 7, 10, 15, 23, 30, 30, 30];
    expect(delaysOf((message) => again(message, 'its import runs'), 10)).toEqual(delays);
    expect(delaysOf((message) => patiently(message, 'it is saving', 0), 10)).toEqual(delays);
  });

  test('is looked at soon again when another import has begun', () => {
    const late = { ...toRegion2, looks: 9 };
    expect(again(late, 'its import is queued', taskId)).toMatchObject({
      delayS: 2,
      message: { replica: toRegion2.replica, looks: 1, taskId },
    });
    expect(again({ ...late, taskId }, 'its import runs', taskId)).toMatchObject({ delayS: 30 });
  });

  test('has all of its patience anew when something is at work', () => {
    const waiting = { ...toRegion2, waitsSinceMs: 1 };
    expect(messageOf(again(waiting, 'its import runs'))).not.toHaveProperty('waitsSinceMs');
  });
});

test('what may never come is waited for for an hour, from the first time', () => {
  const first = patiently(toRegion2, 'it is saving', 1000);
  expect(messageOf(first)).toMatchObject({ waitsSinceMs: 1000 });
  const later = patiently(messageOf(first), 'it is saving', 1000 + patienceMs);
  expect(messageOf(later)).toMatchObject({ waitsSinceMs: 1000, looks: 2 });
  expect(patiently(messageOf(later), 'it is saving', 1001 + patienceMs)).toBeUndefined();
});
