import { createSeatTable } from '../../lib/aws/state/seats.ts';
import type { Table } from '../../lib/aws/table.ts';
import { FerryError } from '../../lib/errors.ts';
import { enqueueImport } from '../../lib/imports/request/enqueue-import.ts';
import type { ImageId } from '../../lib/schemas/ids.ts';
import { longestDelayS, type Send, type StepName } from '../../lib/state/messages.ts';
import type { ImportRef } from '../../lib/state/refs.ts';
import type { Received } from '../../lib/steps/received.ts';
import { createSeats, type Seats } from '../../lib/steps/seats.ts';
import { partCount, planParts } from '../../lib/transfer/part-plan.ts';
import type { Arrival, Assumptions } from './assumptions.ts';
import { createBytes } from './bytes.ts';
import type { Clock } from './clock.ts';
import { applyMetadataOf, streamImageOf } from './functions.ts';
import { createCounts, createLoad, meterOf } from './load.ts';
import { createMemoryTable } from './memory-table.ts';
import { createOpenStack } from './openstack.ts';
import { createQueue, type Invocation } from './queue.ts';
import { randomOf } from './random.ts';
import { createServices, leaseMs, partLimits } from './services.ts';
import { newImageId, newSimulatedTask } from './task.ts';

/** Of a function that finds no seat: its reads and writes, s. */
const pollS = 0.05;
/** Of a run that dies, s. */
const longestLifeS = 300;

/** An import that was asked for. */
interface Asked {
  readonly owner: string;
  readonly atS: number;
}

/** Items that imports which have ended must not leave. */
const countLeft = async (table: Table): Promise<number> => {
  let left = 0;
  for await (const page of table.scan())
    left += page.filter(({ item }) => !String(item).startsWith('task#')).length;
  return left;
};

/** Imports in virtual time: the real steps, on a real state in memory; bytes and services are simulated. */
export const simulate = async (clock: Clock, arrivals: readonly Arrival[], assumed: Assumptions) => {
  const { nowMs } = clock;
  const nowS = (): number => nowMs() / 1000;
  const random = randomOf(1);
  const [load, counts] = [createLoad(nowMs), createCounts()];
  const table = createMemoryTable(meterOf(load), clock.sleep);
  const sizes = new Map<ImageId, number>();
  const asked = new Map<string, Asked>();
  /** Seconds from the request to the first byte, by task. */
  const begun = new Map<string, { readonly owner: string; readonly seconds: number }>();
  const durations: number[] = [];

  const begin = ({ taskId }: ImportRef): void => {
    const import_ = asked.get(taskId);
    if (import_ && !begun.has(taskId))
      begun.set(taskId, { owner: import_.owner, seconds: nowS() - import_.atS });
  };
  const bytes = createBytes({
    ...{ clock, load, counts, assumed },
    begun: ({ subject }) => subject.waiting.forEach(begin),
  });

  /** The step's seats: who gets none has taken a moment to learn it. */
  const seatsAt = (step: StepName, concurrency: number): Seats | undefined => {
    const share = { concurrency, percent: assumed.sharePercent };
    if (share.percent === 100) return undefined;
    const seats = createSeats(createSeatTable(table, { step, leaseMs }), { share, random: randomOf(2) });
    const take: Seats['take'] = async (...asking) => {
      const seat = await seats.take(...asking);
      if (!seat || !('askAgainInS' in seat)) return seat;
      counts.polls += 1;
      await clock.sleep(pollS);
      return seat;
    };
    return { ...seats, take };
  };

  /** @param runS seconds; none for a step that takes the time that it takes in the worker */
  const invocationsOf =
    (run: (received: Received) => Promise<void>, runS: number | undefined) =>
    async ({ message, delivery, life }: Invocation): Promise<'done' | 'dead'> => {
      counts.runs += 1;
      const deadline = new AbortController();
      const outOfTime = (): void => {
        counts.handOvers += 1;
        deadline.abort(new FerryError('out-of-time', 'The time ended'));
      };
      const timer = runS === undefined ? undefined : setTimeout(outOfTime, runS * 1000);
      const received: Received = {
        ...{ message, delivery },
        deadline: { signal: deadline.signal, isStopping: () => false, close: () => clearTimeout(timer) },
      };
      const work = clock.within(life, () => run(received)).then(() => 'done' as const);
      const isToDie = random() < assumed.deaths;
      const death = isToDie && clock.sleep(random() * longestLifeS).then(() => 'dead' as const);
      const outcome = await (death ? Promise.race([work, death]) : work).finally(received.deadline.close);
      if (outcome === 'dead') {
        life.isOver = true;
        counts.deaths += 1;
      }
      return outcome;
    };

  const send: Send = async ({ to, message, delayS = 0 }) => {
    if (to === 'fail-import') throw new Error('no import fails here');
    queues[to].send(message, Math.min(longestDelayS, delayS));
  };
  const openAccess = createOpenStack(
    { clock, bytes, overheadS: assumed.overheadS },
    (id) => sizes.get(id) ?? 0,
  );
  const services = createServices({
    ...{ clock, load, table, bytes, openAccess, send, assumed },
    ended: ({ taskId }, { status }) => {
      if (status === 'success') durations.push(nowS() - (asked.get(taskId)?.atS ?? 0));
    },
  });
  const { streamConcurrency, applyConcurrency } = assumed;
  const stream = streamImageOf(services, seatsAt('stream-image', streamConcurrency));
  const apply = applyMetadataOf(services, seatsAt('apply-metadata', applyConcurrency));
  const queueOf = (name: 'stream' | 'apply', concurrency: number, run: ReturnType<typeof invocationsOf>) =>
    createQueue(
      { clock, sqs: load.sqs, waiting: load[`${name}Waiting`], atWork: load[`${name}AtWork`], concurrency },
      run,
    );
  const queues = {
    'stream-image': queueOf('stream', streamConcurrency, invocationsOf(stream, assumed.runS)),
    'apply-metadata': queueOf('apply', applyConcurrency, invocationsOf(apply, undefined)),
  };

  for (const { atS, size, project, regions = 1 } of arrivals) {
    const sourceId = newImageId();
    sizes.set(sourceId, size);
    const request = async (region: number): Promise<void> => {
      const task = newSimulatedTask({ project, sourceId, region });
      asked.set(task.taskId, { owner: task.owner, atS: nowS() });
      await enqueueImport(services, task);
    };
    void clock.sleep(atS).then(async () => {
      for (let region = 1; region <= regions; region += 1) await request(region);
    });
  }
  await clock.run();
  const parts = arrivals.reduce((sum, { size }) => sum + partCount(size, planParts(size, partLimits)), 0);
  const left = await countLeft(table);
  return { load, counts, durations, begun, parts, asked: asked.size, left };
};

export type Simulated = Awaited<ReturnType<typeof simulate>>;
