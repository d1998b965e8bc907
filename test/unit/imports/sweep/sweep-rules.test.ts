import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectKey } from '../../../../lib/copies/record/object-key.ts';
import { planSweep } from '../../../../lib/imports/sweep/sweep-rules.ts';
import { newGeneration, type RegionName } from '../../../../lib/schemas/ids.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import { importRef, type Making } from '../../../../lib/state/refs.ts';
import type { ClaimView, Remains } from '../../../../lib/state/remains.ts';
import { glanceTime, type Task } from '../../../../lib/state/task.ts';
import { newCopy } from '../../../contract/state/fixtures.ts';
import { newCopyId } from '../../local-state.ts';
import { taskFixture } from '../task-fixture.ts';

const hour = 3_600_000;
const nowMs = Date.UTC(2026, 10, 26);
const ago = (hours: number): string => glanceTime(new Date(nowMs - hours * hour));
const staleBeforeMs = nowMs - hour / 4;

const taskOf = (more: Partial<Task> = {}): Task => ({ ...taskFixture(), updatedAt: ago(7), ...more });
const claimOf = (task: Task, more: Partial<ClaimView> = {}): ClaimView => ({
  ...importRef(task),
  ...{ staleAt: nowMs - 7 * hour, isEnding: false },
  ...more,
});
const copyFor = (tasks: readonly Task[], more: Partial<Copy> = {}): Copy => ({
  ...newCopy(newCopyId()),
  ...{ createdAt: ago(9), updatedAt: ago(7), waiting: tasks.map(importRef), rows: new Map() },
  ...more,
});
/** What an import says of its end that no step has said anything of. */
const failure = expect.stringMatching(/no step .* sign of life/i);
const making = (): Making => ({ copyId: newCopyId(), generation: newGeneration() });

const plan = (remains: Partial<Remains>, relayKeys: readonly string[] = [], hoursOld = 24 * 6) => {
  const nothing = { tasks: [], claims: [], copies: [], parts: [], seats: [] };
  const since = new Date(nowMs - hoursOld * hour);
  return planSweep({
    remains: { ...nothing, ...remains },
    relayKeys: new Map(relayKeys.map((key) => [key, since])),
    nowMs,
  });
};
const sendTo = (to: string, task: Task, times = 1) => ({ kind: 'send', to, ref: importRef(task), times });

describe('an import without a sign of life', () => {
  test('gets a new message, to go on', () => {
    const task = taskOf();
    expect(plan({ tasks: [task], claims: [claimOf(task)] })).toEqual([sendTo('stream-image', task)]);
  });

  test.each([
    ['whose end has begun', {}, { isEnding: true }, {}],
    ['whose end is settled', { ending: { status: 'success', message: 'x' } as const }, {}, {}],
    ['that got many messages', { revivals: 16 }, {}, { failure }],
    ['that got many messages, and has said why it failed', { revivals: 16, failure: 'why' }, {}, {}],
  ])('%s gets one to be ended', (_, more, claim, said) => {
    const task = taskOf(more);
    expect(plan({ tasks: [task], claims: [claimOf(task, claim)] })).toEqual([
      { ...sendTo('fail-import', task, (task.revivals ?? 0) + 1), ...said },
    ]);
  });

  test('that has lost its target, or never had one, gets one to be ended, after an hour', () => {
    const [lost, other] = [taskOf({ updatedAt: ago(2) }), taskOf({ updatedAt: ago(0) })];
    expect(plan({ tasks: [lost] })).toEqual([{ ...sendTo('fail-import', lost), failure }]);
    const held = { ...claimOf(other, { staleAt: nowMs }), imageId: lost.imageId };
    const sent = plan({ tasks: [lost, { ...other, imageId: lost.imageId }], claims: [held] });
    expect(sent).toEqual([{ ...sendTo('fail-import', lost), failure }]);
    expect(plan({ tasks: [taskOf({ updatedAt: ago(0.5) })] })).toEqual([]);
  });

  test('is not taken for one of the same image in another region', () => {
    const task = taskOf();
    const elsewhere = {
      ...taskOf({ updatedAt: ago(0) }),
      imageId: task.imageId,
      region: 'R 3' as RegionName,
    };
    const claims = [claimOf(elsewhere, { staleAt: nowMs })];
    expect(plan({ tasks: [task, elsewhere], claims })).toEqual([{ ...sendTo('fail-import', task), failure }]);
  });

  test('that nothing has brought to its end is left to the table’s time to live', () => {
    expect(plan({ tasks: [taskOf({ revivals: 32 })] })).toEqual([]);
  });
});

describe('an import that runs or waits', () => {
  test.each([
    ['works', ago(7), nowMs + hour],
    ['has worked a while ago', ago(7), nowMs - 5 * hour],
    ['has said something', ago(5), nowMs - 7 * hour],
  ])('that %s is left alone, with all that it has', (_, updatedAt, staleAt) => {
    const task = taskOf({ updatedAt });
    const copy = copyFor([task], { updatedAt: ago(1) });
    const all = { tasks: [task], claims: [claimOf(task, { staleAt })], copies: [copy], parts: [copy] };
    expect(plan(all, [objectKey(copy)], 9999)).toEqual([]);
  });

  test('for a copy that is alive is left alone, however long that takes', () => {
    const task = taskOf();
    const copy = copyFor([task], { updatedAt: ago(1) });
    const waiting = { ...task, copyId: copy.copyId };
    expect(plan({ tasks: [waiting], claims: [claimOf(task)], copies: [copy] })).toEqual([]);
    const transferred = { size: 1, digests: {} };
    const finished = plan({
      tasks: [waiting],
      claims: [claimOf(task)],
      copies: [{ ...copy, transferred }],
    });
    expect(finished).toEqual([sendTo('stream-image', task)]);
  });
});

describe('a copy that somebody waits for', () => {
  const task = taskOf({ updatedAt: ago(0) });
  const claims = [claimOf(task, { staleAt: nowMs })];
  const of = (copy: Copy) => plan({ tasks: [task], claims, copies: [copy] });

  test('gets a new message when it has given no sign of life for six hours', () => {
    const copy = copyFor([task]);
    const message = { copyId: copy.copyId };
    const messages = [{ to: 'stream-image', message }];
    expect(of(copy)).toEqual([{ kind: 'resume', copyId: copy.copyId, messages }]);
    expect(of({ ...copy, updatedAt: ago(5.9) })).toEqual([]);
  });

  test('in rows gets one for each row that has something left', () => {
    const planned = { size: 40, partSize: 5, parts: 2, count: 4, atOnce: 2 };
    const rows = new Map([[1, { next: 5, copied: 20 }]]);
    const copy = copyFor([task], { plan: planned, rows });
    const messages = [{ to: 'stream-image', message: { copyId: copy.copyId, row: 2 } }];
    expect(of(copy)).toEqual([{ kind: 'resume', copyId: copy.copyId, messages }]);
  });

  test('and that has failed has all who wait fail', () => {
    const copy = copyFor([task], { failure: { reason: 'no such image', code: 'not-found' } });
    const messages = [{ to: 'fail-import', message: importRef(task) }];
    expect(of(copy)).toEqual([{ kind: 'resume', copyId: copy.copyId, messages }]);
  });

  test('and that is finished needs nothing', () => {
    expect(of(copyFor([task], { transferred: { size: 1, digests: {} } }))).toEqual([]);
  });

  test('is left for imports that have ended, or that nobody knows, and for no others', () => {
    const [ended, unknown] = [taskOf({ status: 'failure' }), taskOf()];
    const copy = copyFor([task, ended, unknown], { updatedAt: ago(0) });
    expect(plan({ tasks: [task, ended], claims, copies: [copy] })).toEqual([
      { kind: 'leave', copyId: copy.copyId, ref: importRef(ended) },
      { kind: 'leave', copyId: copy.copyId, ref: importRef(unknown) },
    ]);
  });
});

describe('a copy that nobody waits for', () => {
  test.each([
    ['that is ending, and was not cleared up', { isEnding: true, updatedAt: ago(2) }, true],
    ['that is being cleared up', { isEnding: true, updatedAt: ago(0.5) }, false],
    ['whose last import has died as it left', { updatedAt: ago(2) }, true],
    ['that was left just now', { updatedAt: ago(0.5) }, false],
    ['that is kept', { keptUntil: nowMs + 1, updatedAt: ago(99) }, false],
    ['that was kept until now', { keptUntil: nowMs - 1, updatedAt: ago(0.5) }, true],
  ])('%s', (_, more, isEnded) => {
    const copy = copyFor([], more);
    const end = { kind: 'end', copyId: copy.copyId, nowMs };
    expect(plan({ copies: [copy], parts: [copy] }, [objectKey(copy)], 9999)).toEqual(isEnded ? [end] : []);
  });
});

describe('what belongs to nobody any more', () => {
  test.each([['success'], ['failure']] as const)('like a claim after %s goes', (status) => {
    const task = taskOf({ status });
    const release = { kind: 'release', ref: importRef(task), staleBeforeMs };
    expect(plan({ tasks: [task], claims: [claimOf(task)] })).toEqual([release]);
  });

  test('like the claim of a request that died before it kept its task goes when it is stale', () => {
    const task = taskFixture();
    expect(plan({ claims: [claimOf(task, { staleAt: nowMs - 60_000 })] })).toEqual([]);
    expect(plan({ claims: [claimOf(task)] })).toEqual([
      { kind: 'release', ref: importRef(task), staleBeforeMs },
    ]);
  });

  test('like parts of no copy go, with the object that they tell of, once', () => {
    const gone = making();
    const clear = [{ kind: 'clear', making: gone }];
    expect(plan({ parts: [gone] })).toEqual(clear);
    expect(plan({ parts: [gone] }, [objectKey(gone)], 9999)).toEqual(clear);
  });

  test('like parts of an earlier making of a copy go', () => {
    const task = taskOf({ updatedAt: ago(0) });
    const copy = copyFor([task], { updatedAt: ago(0) });
    const earlier = { copyId: copy.copyId, generation: newGeneration() };
    const all = { tasks: [task], claims: [claimOf(task, { staleAt: nowMs })], copies: [copy] };
    expect(plan({ ...all, parts: [copy, earlier] }, [objectKey(copy)], 9999)).toEqual([
      { kind: 'clear', making: earlier },
    ]);
  });

  test('in the relay goes after a week, since it may be of a deployment with another table', () => {
    const left = making();
    expect(plan({}, [objectKey(left)])).toEqual([]);
    expect(plan({}, [objectKey(left)], 24 * 7 + 1)).toEqual([{ kind: 'clear', making: left }]);
    const ageless = new Map([[objectKey(left), undefined]]);
    const remains = { tasks: [], claims: [], copies: [], parts: [], seats: [] };
    expect(planSweep({ remains, relayKeys: ageless, nowMs })).toEqual([]);
  });

  test('like a seat of an attempt that died goes after an hour', () => {
    const seat = { name: 'seat', sinceMs: nowMs - hour };
    expect(plan({ seats: [seat] })).toEqual([]);
    const dead = { ...seat, sinceMs: nowMs - hour - 1 };
    expect(plan({ seats: [dead] })).toEqual([{ kind: 'forget', seat: dead }]);
  });

  test('and others’ keys stay', () => {
    const { copyId, generation } = making();
    const others = [
      `copies/${copyId}`,
      `copies/x/${generation}`,
      `copies/${copyId}/x`,
      `x/${copyId}/${generation}`,
    ];
    expect(plan({}, ['backup/x', 'copiesx', ...others, `copies/${copyId}/${generation}/x`], 9999)).toEqual(
      [],
    );
  });
});

/** Imports and copies of any kind, of which only one import and its copy are known to be alive. */
const anything = fc.array(
  fc.record({
    status: fc.constantFrom<Task['status'][]>('pending', 'processing', 'success', 'failure'),
    age: fc.integer({ min: 0, max: 200 }),
    stale: fc.integer({ min: -5, max: 200 }),
    isClaimed: fc.boolean(),
    isKnown: fc.boolean(),
    waitsWithUs: fc.boolean(),
    isEnding: fc.boolean(),
    isFinished: fc.boolean(),
  }),
  { maxLength: 6 },
);

test('nothing of an import and a copy that are alive is ever touched, whatever lies beside them', () => {
  fc.assert(
    fc.property(anything, (made) => {
      const live = taskOf({ status: 'processing' });
      const others = made.map((one) => ({
        ...{ one, task: taskOf({ status: one.status, updatedAt: ago(one.age) }) },
        more: {
          updatedAt: ago(one.age),
          ...(one.isEnding && { isEnding: true }),
          ...(one.isFinished && { transferred: { size: 1, digests: {} } }),
        },
      }));
      const withUs = others.filter(({ one }) => one.waitsWithUs).map(({ task }) => task);
      const ours = copyFor([live, ...withUs], { updatedAt: ago(1) });
      const theirs = others.map(({ one, task, more }) => copyFor(one.isEnding ? [] : [task], more));
      const claimed = others.filter(({ one }) => one.isClaimed);
      const copies = [...theirs, ours];
      const sweeps = plan(
        {
          tasks: [...others.filter(({ one }) => one.isKnown).map(({ task }) => task), live],
          claims: [
            ...claimed.map(({ one, task }) => claimOf(task, { staleAt: nowMs - one.stale * hour })),
            claimOf(live, { staleAt: nowMs + 1 }),
          ],
          copies,
          parts: [making(), ...copies],
        },
        copies.map(objectKey),
        9999,
      );
      const touching = sweeps.filter((sweep) => sweep.kind !== 'leave');
      expect(JSON.stringify(sweeps)).not.toContain(live.taskId);
      expect(JSON.stringify(touching)).not.toContain(ours.copyId);
    }),
  );
});

test('all that ended imports have left is found', () => {
  fc.assert(
    fc.property(anything, (made) => {
      const tasks = made.map(({ age }) => taskOf({ status: 'failure', updatedAt: ago(age) }));
      const parts = made.map(making);
      const keys = parts.map(objectKey);
      const copies = tasks.map((task) => copyFor([task], { updatedAt: ago(0) }));
      const sweeps = plan({ tasks, copies, parts }, keys, 1);
      const left = sweeps.filter(({ kind }) => kind === 'leave');
      const cleared = sweeps.flatMap((sweep) => (sweep.kind === 'clear' ? objectKey(sweep.making) : []));
      expect(left).toHaveLength(made.length);
      expect(cleared.sort()).toEqual(keys.sort());
    }),
  );
});
