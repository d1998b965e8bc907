import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Item } from '../../../../lib/aws/table.ts';
import { planSweep } from '../../../../lib/imports/end/sweep-rules.ts';
import { objectKey, type Task } from '../../../../lib/state/task.ts';
import { glanceTime } from '../../../../lib/imports/record/tasks.ts';
import { taskFixture } from '../task-fixture.ts';

const hour = 3_600_000;
const nowMs = Date.UTC(2026, 10, 26);
const ago = (hours: number): string => glanceTime(new Date(nowMs - hours * hour));

const taskItem = (more: Partial<Task> = {}): Task & Item => {
  const task = { ...taskFixture(), updatedAt: ago(7), ...more };
  return { ...task, item: `task#${task.id}` };
};
const claimItem = ({ imageId, id }: Task, more: object = {}): Item => ({
  ...{ imageId, item: 'claim', taskId: id, staleAt: nowMs - 7 * hour },
  ...more,
});
const partItem = ({ imageId, id }: Task, kind = 'part'): Item => ({ imageId, item: `${kind}#${id}#00001` });
const plan = (items: readonly Item[], relayKeys: readonly string[] = [], hoursOld = 24 * 6) => {
  const since = new Date(nowMs - hoursOld * hour);
  return planSweep({ items, relayKeys: new Map(relayKeys.map((key) => [key, since])), nowMs });
};
const staleBeforeMs = nowMs - hour / 4;
const sendTo = (to: string, { imageId, id }: Task, times = 1) => ({
  ...{ kind: 'send', to, key: { imageId, id }, times },
});
const failure = expect.stringMatching(/no step .* sign of life/i);

describe('an import without a sign of life', () => {
  test('gets a new message, to go on', () => {
    const task = taskItem();
    expect(plan([task, claimItem(task)])).toEqual([sendTo('stream-image', task)]);
  });

  test.each([
    ['whose end has begun', {}, { ending: 'failure' }, {}],
    ['whose end is settled', { ending: { status: 'success', message: 'x' } as const }, {}, {}],
    ['that got many messages', { revivals: 16 }, {}, { failure }],
    ['that got many messages, and has said why it failed', { revivals: 16, failure: 'why' }, {}, {}],
  ])('%s gets one to be ended', (_, more, claim, told) => {
    const task = taskItem(more);
    expect(plan([task, claimItem(task, claim)])).toEqual([
      { ...sendTo('fail-import', task, (task.revivals ?? 0) + 1), ...told },
    ]);
  });

  test('that has lost its image, or never had one, gets one to be ended, after an hour', () => {
    const [lost, other] = [taskItem({ updatedAt: ago(2) }), taskItem({ updatedAt: ago(0) })];
    expect(plan([lost])).toEqual([{ ...sendTo('fail-import', lost), failure }]);
    const held = { ...claimItem(other, { staleAt: nowMs }), imageId: lost.imageId };
    expect(plan([lost, held, other]).filter(({ kind }) => kind === 'send')).toEqual([
      { ...sendTo('fail-import', lost), failure },
    ]);
    expect(plan([taskItem({ updatedAt: ago(0.5) })])).toEqual([]);
  });

  test('that nothing has brought to its end is left to the table’s time to live', () => {
    expect(plan([taskItem({ revivals: 32 })])).toEqual([]);
  });
});

describe('an import that runs or waits', () => {
  test.each([
    ['works', ago(7), nowMs + hour],
    ['has worked a while ago', ago(7), nowMs - 5 * hour],
    ['has said something', ago(5), nowMs - 7 * hour],
  ])('that %s is left alone, with all that it has', (_, updatedAt, staleAt) => {
    const task = taskItem({ updatedAt });
    const items = [task, claimItem(task, { staleAt }), partItem(task), partItem(task, 'segment')];
    expect(plan(items, [objectKey(task)])).toEqual([]);
  });
});

describe('what belongs to no import any more', () => {
  test.each([['success'], ['failure']] as const)('after %s goes', (status) => {
    const task = taskItem({ status });
    const { imageId, id: taskId } = task;
    const items = [task, claimItem(task), partItem(task), partItem(task, 'segment')];
    expect(plan(items, [objectKey(task)])).toEqual([
      { kind: 'release', imageId, taskId, staleBeforeMs },
      { kind: 'forget', imageId, item: `part#${taskId}#00001` },
      { kind: 'forget', imageId, item: `segment#${taskId}#00001` },
      { kind: 'clear', key: `imports/${taskId}` },
    ]);
  });

  test('of a request that died before it kept its task goes when its claim is stale', () => {
    const task = taskFixture();
    const { imageId, id: taskId } = task;
    expect(plan([claimItem(task, { staleAt: nowMs - 60_000 })])).toEqual([]);
    expect(plan([claimItem(task)])).toEqual([{ kind: 'release', imageId, taskId, staleBeforeMs }]);
  });

  test('in the relay goes after a week, since it may be of a deployment with another table', () => {
    const key = objectKey(taskFixture());
    expect(plan([], [key])).toEqual([]);
    expect(plan([], [key], 24 * 7 + 1)).toEqual([{ kind: 'clear', key }]);
    expect(planSweep({ items: [], relayKeys: new Map([[key, undefined]]), nowMs })).toEqual([]);
  });

  test('like a seat of an attempt that died goes after an hour', () => {
    const seat = { imageId: 'step#stream-image', item: 'seat#project#0001', leaseUntil: nowMs - hour };
    expect(plan([seat])).toEqual([]);
    const dead = { ...seat, leaseUntil: nowMs - hour - 1 };
    expect(plan([dead])).toEqual([
      { kind: 'forget', imageId: 'step#stream-image', item: 'seat#project#0001' },
    ]);
  });

  test('and others’ keys and items stay', () => {
    expect(
      plan(
        [{ imageId: 'project#1', item: 'slot#1' }],
        ['backup/x', 'other', 'importsx', 'imports/not-a-uuid'],
        9999,
      ),
    ).toEqual([]);
  });
});

test('nothing of an import that has a fresh claim is ever touched, whatever lies beside it', () => {
  const tasks = fc.array(
    fc.record({
      status: fc.constantFrom('pending', 'processing', 'success', 'failure' as const),
      age: fc.integer({ min: 0, max: 200 }),
      stale: fc.integer({ min: -5, max: 200 }),
      isClaimed: fc.boolean(),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(tasks, (made) => {
      const live = taskItem({ status: 'processing' });
      const others = made.flatMap(({ status, age, stale, isClaimed }) => {
        const task = taskItem({ status: status as Task['status'], updatedAt: ago(age) });
        return isClaimed
          ? [task, claimItem(task, { staleAt: nowMs - stale * hour }), partItem(task)]
          : [task];
      });
      const items = [...others, live, claimItem(live, { staleAt: nowMs + 1 }), partItem(live)];
      expect(JSON.stringify(plan(items, [objectKey(live)]))).not.toContain(live.id);
    }),
  );
});
