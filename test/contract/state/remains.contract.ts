import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import { newAttemptId, newGeneration } from '../../../lib/schemas/ids.ts';
import type { StepName } from '../../../lib/state/messages.ts';
import { importRef } from '../../../lib/state/refs.ts';
import { minute, newCopy, newStep, newTask, partOf } from './fixtures.ts';
import { leaseMs, type State, type StateStore } from './store.ts';

const { signal } = new AbortController();

/** What `StoreSweep` promises. */
export const remainsContract = (storeOf: () => StateStore): void => {
  let state: State;
  let step: StepName;
  beforeEach(() => {
    state = storeOf().open();
    step = newStep();
  });

  test('everything that is kept is seen, of tasks what the rules look at', async () => {
    const { tasks, claims, copies, sweep } = state;
    const [task, copy] = [newTask(), newCopy()];
    const ref = importRef(task);
    const ending = { status: 'failure', message: 'x' } as const;
    await tasks.create(task);
    await tasks.update(ref, { copyId: copy.copyId, revivals: 2, wanted: { large: 'x'.repeat(1000) } });
    await tasks.decide(ref, ending);
    await claims.take(ref);
    await copies.create(copy, ref, newAttemptId());
    const older = { ...copy, generation: newGeneration() };
    for (const making of [copy, older])
      for (const number of [1, 2, 3]) await copies.savePart(making, partOf(number));
    await state.seatsAt(step).sitDown({ projectId: 'a', number: 0 }, newAttemptId());

    const remains = await sweep.look({ signal });
    const { status, updatedAt } = task;
    expect(remains.tasks.filter(({ taskId }) => taskId === task.taskId)).toEqual([
      { ...ref, status, updatedAt, revivals: 2, ending, copyId: copy.copyId },
    ]);
    const claimed = { ...ref, staleAt: Date.now() + minute, isEnding: false };
    expect(remains.claims.filter(({ taskId }) => taskId === task.taskId)).toEqual([claimed]);
    expect(remains.copies.filter(({ copyId }) => copyId === copy.copyId)).toEqual([
      await copies.get(copy.copyId),
    ]);
    const makings = remains.parts.filter(({ copyId }) => copyId === copy.copyId);
    expect(makings.map(({ generation }) => generation).sort()).toEqual(
      [copy.generation, older.generation].sort(),
    );
    const seats = remains.seats.filter(({ name }) => name.includes(step));
    expect(seats.map(({ sinceMs }) => sinceMs)).toEqual([Date.now() + leaseMs]);
    await claims.end(ref, 'failure');
    const [after] = (await sweep.look({ signal })).claims.filter(({ taskId }) => taskId === task.taskId);
    expect(after?.isEnding).toBe(true);
  });

  test('everything is seen, however much', async () => {
    const made = Array.from({ length: 12 }, () => newTask());
    for (const task of made) await state.tasks.create({ ...task, wanted: { large: 'x'.repeat(120 * 1024) } });
    const seen = new Set((await state.sweep.look({ signal })).tasks.map(({ taskId }) => taskId));
    expect(made.filter(({ taskId }) => !seen.has(taskId))).toEqual([]);
  });

  test('a look ends with its time, and says why', async () => {
    await state.tasks.create(newTask());
    const reason = new FerryError('out-of-time', 'the end');
    await expect(state.sweep.look({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  describe('a seat whose attempt has died', () => {
    test('goes, unless it was taken again', async () => {
      const seats = state.seatsAt(step);
      for (const number of [0, 1]) await seats.sitDown({ projectId: 'a', number }, newAttemptId());
      vi.setSystemTime(Date.now() + leaseMs + 1);
      const dead = (await state.sweep.look({ signal })).seats.filter(({ name }) => name.includes(step));
      await seats.sitDown({ projectId: 'a', number: 1 }, newAttemptId());
      for (const seat of dead) await state.sweep.forgetSeat(seat);
      expect(await storeOf().expiriesOf(step)).toHaveLength(1);
      expect((await seats.look('a')).seats).toEqual([{ projectId: 'a', number: 1 }]);
    });
  });
};
