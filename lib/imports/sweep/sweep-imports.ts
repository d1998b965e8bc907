import { clearCopy } from '../../copies/end/clear-copy.ts';
import { type LeaveServices, leaveCopy } from '../../copies/end/leave-copy.ts';
import { copiesPrefix, objectKey } from '../../copies/record/object-key.ts';
import { asFerryError } from '../../errors.ts';
import { log } from '../../log.ts';
import type { Claims } from '../../state/claims.ts';
import type { Making } from '../../state/refs.ts';
import type { StoreSweep } from '../../state/remains.ts';
import { hasEnded } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import type { Inventory, SweepAction } from './sweep-action.ts';
import { planSweep } from './sweep-rules.ts';

export interface SweepServices extends LeaveServices {
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly store: StoreSweep;
}

interface Options {
  readonly signal: AbortSignal;
}

type Of<Kind extends SweepAction['kind']> = Extract<SweepAction, { readonly kind: Kind }>;

/** None where the store cannot be asked: imports are taken care of all the same. */
const relayKeysOf = async ({ relay }: SweepServices, options: Options) =>
  await relay.keysUnder(copiesPrefix, options).catch((error: unknown) => {
    options.signal.throwIfAborted();
    log.warn('relay not swept', { error: asFerryError(error) });
    return new Map<string, Date | undefined>();
  });

const inventoryOf = async (services: SweepServices, options: Options): Promise<Inventory> => {
  const nowMs = Date.now();
  // The relay first: an upload that is listed had its copy before.
  const relayKeys = await relayKeysOf(services, options);
  return { remains: await services.store.look(options), relayKeys, nowMs };
};

// What was seen is seconds old, and its pages are not of one moment: what may have begun meanwhile is looked at once more
// before it goes. An import's task is there before it joins a copy, and a making that has ended never comes again.

const isLive = async ({ copies }: SweepServices, { copyId, generation }: Making): Promise<boolean> =>
  (await copies.get(copyId))?.generation === generation;

const send = async ({ tasks, send }: SweepServices, sweep: Of<'send'>): Promise<void> => {
  const { ref, to, times, failure } = sweep;
  // First, so that an import whose message cannot be sent is not asked for each hour.
  await tasks.update(ref, { revivals: times });
  if (failure !== undefined) await tasks.fail(ref, { explanation: failure, code: 'internal' });
  await send({ to, message: ref });
};

const leave = async (services: SweepServices, { copyId, ref }: Of<'leave'>, options: Options) => {
  const task = await services.tasks.get(ref);
  if (!task || hasEnded(task)) await leaveCopy(services, copyId, ref, options);
};

const end = async (services: SweepServices, { copyId, nowMs }: Of<'end'>, options: Options) => {
  const copy = await services.copies.endUnwanted(copyId, nowMs);
  if (copy) await clearCopy(services, copy, options);
};

const clear = async (services: SweepServices, making: Making, options: Options): Promise<void> => {
  if (await isLive(services, making)) return;
  await services.relay.clear(objectKey(making), options);
  // Last: without its checkpoints nothing tells any more that an object is ours.
  await services.copies.forgetParts(making);
};

const carryOut = async (services: SweepServices, action: SweepAction, options: Options): Promise<void> => {
  if (action.kind === 'send') await send(services, action);
  if (action.kind === 'resume') for (const message of action.messages) await services.send(message);
  if (action.kind === 'release') await services.claims.releaseStale(action.ref, action.staleBeforeMs);
  if (action.kind === 'leave') await leave(services, action, options);
  if (action.kind === 'end') await end(services, action, options);
  if (action.kind === 'clear') await clear(services, action.making, options);
  if (action.kind === 'forget') await services.store.forgetSeat(action.seat);
};

const outcomeOf = async (
  services: SweepServices,
  action: SweepAction,
  options: Options,
): Promise<SweepAction['kind'] | 'failed' | 'left'> => {
  try {
    await carryOut(services, action, options);
    return action.kind;
  } catch (error) {
    if (options.signal.aborted) return 'left';
    log.warn('not swept', { sweep: action, error: asFerryError(error) });
    return 'failed';
  }
};

/**
 * Takes care of what remains when even the messages are gone: imports and copies without a sign of life get new messages,
 * to go on or to be ended; claims of no import, copies that nobody waits for, checkpoints, uploads and objects of no copy
 * go. One that fails does not keep the others. When the time ends, the rest is the next run's.
 * @returns how many of each kind were taken care of, how many `failed`, and how many are `left`
 * @throws the signal's reason, if the time ends before everything was listed
 */
export const createSweepImports =
  (services: SweepServices) =>
  async (options: Options): Promise<Readonly<Record<string, number>>> => {
    const kinds = ['send', 'resume', 'release', 'leave', 'end', 'clear', 'forget', 'failed', 'left'] as const;
    const done: Record<string, number> = Object.fromEntries(kinds.map((kind) => [kind, 0]));
    for (const action of planSweep(await inventoryOf(services, options))) {
      const kind = options.signal.aborted ? 'left' : await outcomeOf(services, action, options);
      done[kind] = (done[kind] ?? 0) + 1;
    }
    log.info('swept', { done });
    return done;
  };
