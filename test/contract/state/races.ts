import { type CopyId, newAttemptId } from '../../../lib/schemas/ids.ts';
import type { Copies, Left } from '../../../lib/state/copies.ts';
import type { ImportRef } from '../../../lib/state/refs.ts';
import { newCopy, newImport } from './fixtures.ts';
import type { Gate } from './interleave.ts';
import type { StateStore } from './store.ts';

export const mostActors = 9;
export const transferred = { size: 5, digests: { sha512: 'ab' } };

/** Leaves, and clears up if that is to be done. */
export const leave = async (
  copies: Copies,
  copyId: CopyId,
  ref: ImportRef,
  keepMs = 0,
): Promise<Left['state']> => {
  const left = await copies.leave(copyId, ref, keepMs);
  if (left.state === 'ending') await copies.remove(left.copy);
  return left.state;
};

export type Came = 'joined' | 'began' | 'comes again';
export const come = async (copies: Copies, copyId: CopyId, ref: ImportRef): Promise<Came> => {
  if (await copies.join(copyId, ref)) return 'joined';
  return (await copies.create(newCopy(copyId), ref, newAttemptId())) ? 'began' : 'comes again';
};

/** A copy that these wait for, and that nobody works at. */
export const waitedFor = async (
  copies: Copies,
  refs: readonly ImportRef[],
  isDone = false,
): Promise<CopyId> => {
  const [copy, attempt] = [newCopy(), newAttemptId()];
  const [first = newImport(), ...others] = refs;
  await copies.create(copy, first, attempt);
  for (const ref of others) await copies.join(copy.copyId, ref);
  const whole = { copyId: copy.copyId, row: 0 };
  if (isDone) await copies.update(whole, attempt, { transferred });
  await copies.pause(whole, attempt);
  return copy.copyId;
};

export type Act<T> = (copies: Copies) => Promise<T>;

/** Who acts at once on copies: each has a client of its own, whose requests wait for their turn. */
export const createActors = (store: StateStore) => {
  const gates = new Map<number, Gate>();
  const before = Array.from({ length: mostActors }, (_, index) => async () => await gates.get(index)?.());
  const once = before.map((gate) => store.open(gate).copies);
  const twice = before.map((gate) => store.openTwice(gate).copies);
  const actorsOf =
    (clients: readonly Copies[]) =>
    <T>(acts: readonly Act<T>[]) =>
      acts.map((act, index) => async (gate: Gate) => {
        const own = clients[index];
        if (!own) throw new Error('too many actors');
        gates.set(index, gate);
        return await act(own);
      });
  return {
    actors: actorsOf(once),
    /** Whose writes are sent twice. */
    stutterers: actorsOf(twice),
  };
};
