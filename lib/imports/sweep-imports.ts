import type { Outbox } from '../aws/queue.ts';
import type { RelayStore } from '../aws/relay-store.ts';
import type { Item, Table } from '../aws/table.ts';
import { asFerryError } from '../errors.ts';
import { log } from '../log.ts';
import type { Claims } from './claims.ts';
import type { ImportMessage } from './messages.ts';
import { planSweep, type Sweep } from './sweep-rules.ts';
import { objectsPrefix } from './task.ts';
import type { Tasks } from './tasks.ts';

export interface SweepServices {
  readonly table: Table;
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly relay: RelayStore;
  readonly streamQueue: Outbox<ImportMessage>;
  readonly failQueue: Outbox<ImportMessage>;
}

interface Options {
  readonly signal: AbortSignal;
}

/** What the rules look at: of a large copy there are ten thousand items, and tasks have properties. */
const gist = (item: Item): Item => {
  const { imageId, item: name, taskId, staleAt, leaseUntil, ending } = item;
  const { id, status, updatedAt, revivals, failure } = item;
  const claim = { taskId, staleAt, leaseUntil, ending };
  return { imageId, item: name, ...claim, id, status, updatedAt, revivals, failure };
};

/** None where the store cannot be asked: imports are taken care of all the same. */
const relayKeysOf = async ({ relay }: SweepServices, options: Options) =>
  await relay.keysUnder(objectsPrefix, options).catch((error: unknown) => {
    log.warn('relay not swept', { error: asFerryError(error) });
    return new Map<string, Date | undefined>();
  });

const inventoryOf = async (services: SweepServices, options: Options) => {
  const nowMs = Date.now();
  // The relay first: an upload that is listed had its task before.
  const relayKeys = await relayKeysOf(services, options);
  const items: Item[] = [];
  for await (const page of services.table.scan()) items.push(...page.map(gist));
  return { items, relayKeys, nowMs };
};

const carryOut = async (services: SweepServices, sweep: Sweep, options: Options): Promise<void> => {
  const { tasks, claims, table, relay, streamQueue, failQueue } = services;
  if (sweep.kind === 'send') {
    const { key, to, times, failure } = sweep;
    // First, so that an import whose message cannot be sent is not asked for each hour.
    await tasks.update(key, { revivals: times, ...(failure !== undefined && { failure }) });
    await (to === 'stream-image' ? streamQueue : failQueue).send({ imageId: key.imageId, taskId: key.id });
  } else if (sweep.kind === 'release')
    await claims.releaseStale(sweep.imageId, sweep.taskId, sweep.staleBeforeMs);
  else if (sweep.kind === 'forget') await table.remove({ imageId: sweep.imageId, item: sweep.item });
  else await relay.clear(sweep.key, options);
};

/**
 * Takes care of what remains when even the messages are gone: imports without a sign of life get a new message, to go
 * on or to be ended; claims, checkpoints, uploads and objects of no import go. One that fails does not keep the others.
 * @returns how many of each kind were taken care of
 */
export const createSweepImports =
  (services: SweepServices) =>
  async (options: Options): Promise<Readonly<Record<string, number>>> => {
    const done: Record<string, number> = { send: 0, release: 0, forget: 0, clear: 0, failed: 0 };
    for (const sweep of planSweep(await inventoryOf(services, options))) {
      options.signal.throwIfAborted();
      const kind = await carryOut(services, sweep, options).then(
        () => sweep.kind,
        (error: unknown) => {
          log.warn('not swept', { sweep, error: asFerryError(error) });
          return 'failed';
        },
      );
      done[kind] = (done[kind] ?? 0) + 1;
    }
    log.info('swept', { done });
    return done;
  };
