import type { Delivery } from '../../lib/aws/queue.ts';
import type { Download, SourceDescription } from '../../lib/download/download.ts';
import { createClaims } from '../../lib/imports/record/claims.ts';
import { planFor } from '../../lib/copies/copy-source.ts';
import { earlierParts } from '../../lib/copies/earlier-parts.ts';
import type { ImportMessage } from '../../lib/steps/messages.ts';
import { relayBlockSize } from '../../lib/copies/relay-object.ts';
import { runStep, type Step, type StepRun } from '../../lib/steps/run-step.ts';
import { createSeats, type Seats, type TakenSeat } from '../../lib/steps/seats.ts';
import { createSegmentRecords } from '../../lib/copies/segment-records.ts';
import {
  afterSegment,
  gather,
  planSplit,
  type SplitServices,
  split,
  stateOf,
} from '../../lib/copies/segments.ts';
import type { Task, TaskKey } from '../../lib/state/task.ts';
import { createTasks } from '../../lib/imports/record/tasks.ts';
import { MiB, partCount, resumeOffset } from '../../lib/transfer/part-plan.ts';
import { endOfStored, segmentAt } from '../../lib/transfer/segment-plan.ts';
import { type Clock, randomOf } from './clock.ts';
import { createMemoryTable, type Meter } from './memory-table.ts';
import { createBusiest, createLevel, createSeries } from './meters.ts';
import { newSimulatedTask } from './task.ts';

/** What the model assumes; everything else is the code's own. Rates in bytes a second. */
export interface Assumptions {
  /** Of one connection to the source. */
  readonly sourceRate: number;
  /** Of one function: Lambda's network. */
  readonly functionRate: number;
  /** Of a PUT into Glance. */
  readonly glanceRate: number;
  /** Seconds from a message to the first byte, and from the last byte to the next message. */
  readonly overheadS: number;
  readonly streamConcurrency: number;
  readonly applyConcurrency: number;
  /** Seconds that a run has; the worker has no limit. */
  readonly runS: number;
  /** Share of runs that die at a random moment. */
  readonly deaths: number;
  readonly segmentSize: number;
  readonly segmentsAtOnce: number;
  /** PROJECT_SHARE_PERCENT; 100: no project has to wait for its turn. */
  readonly sharePercent: number;
}

export interface Arrival {
  readonly atS: number;
  /** Bytes. */
  readonly size: number;
  /** Number of the project that asks. */
  readonly project: number;
}

const partLimits = { partSize: 16 * MiB, maxParts: 10_000 };
const heartbeatS = 20;
const hiddenS = 3 * heartbeatS;
const leaseMs = 2.5 * heartbeatS * 1000;
/** Of a function that finds no seat: its reads and writes. */
const pollS = 0.05;
/** Parts that are stored between two looks at the clock. */
const partsPerTurn = 8;
/** Of a run that dies, s. */
const longestLifeS = 300;
const never = new Promise<never>(() => undefined);

type Outcome = 'done' | 'dead';

export const simulate = async (clock: Clock, arrivals: readonly Arrival[], assumed: Assumptions) => {
  const { nowMs } = clock;
  const random = randomOf(1);
  const load = {
    reads: createSeries(nowMs),
    writes: createSeries(nowMs),
    busiestReads: createBusiest(nowMs),
    busiestWrites: createBusiest(nowMs),
    s3Writes: createSeries(nowMs),
    s3Reads: createSeries(nowMs),
    sqs: createSeries(nowMs),
    streamWaiting: createLevel(nowMs),
    streamAtWork: createLevel(nowMs),
    applyWaiting: createLevel(nowMs),
    applyAtWork: createLevel(nowMs),
  };
  const counts = { runs: 0, polls: 0, deaths: 0, handOvers: 0, partsSent: 0, tooLargeForUpload: 0 };
  const meter: Meter = {
    read: (units, image) => {
      load.reads.add(units);
      load.busiestReads.add(image, units);
    },
    write: (units, image) => {
      load.writes.add(units);
      load.busiestWrites.add(image, units);
    },
  };
  const table = createMemoryTable(meter, clock.sleep);
  const tasks = createTasks(table, { ttlH: 48 });
  const claims = createClaims(table, { leaseMs });
  const segments = createSegmentRecords(table);
  const sizes = new Map<string, number>();
  const durations: number[] = [];
  /** Seconds from the request to the first run, by task. */
  const begun = new Map<string, { readonly owner: string; readonly seconds: number }>();
  const stillWaiting: { stream: [ImportMessage, number][]; apply: [ImportMessage, number][] } = {
    stream: [],
    apply: [],
  };

  /** A queue and its function, so many at a time: the event source. */
  const createQueue = (
    name: 'stream' | 'apply',
    concurrency: number,
    run: (message: ImportMessage, receiveCount: number) => Promise<Outcome>,
  ) => {
    const waiting = stillWaiting[name];
    const [depth, atWork] =
      name === 'stream' ? [load.streamWaiting, load.streamAtWork] : [load.applyWaiting, load.applyAtWork];
    const take = async (message: ImportMessage, receiveCount: number): Promise<void> => {
      depth.change(-1);
      atWork.change(1);
      load.sqs.add(1);
      const outcome = await run(message, receiveCount);
      atWork.change(-1);
      if (outcome === 'dead') void clock.sleep(hiddenS).then(() => add(message, receiveCount + 1));
      else load.sqs.add(1);
      next();
    };
    const next = (): void => {
      if (atWork.now() >= concurrency) return;
      const first = waiting.shift();
      if (first) void take(...first);
    };
    const add = (message: ImportMessage, receiveCount: number): void => {
      depth.change(1);
      waiting.push([message, receiveCount]);
      next();
    };
    return {
      send: async (message: ImportMessage, { delayS = 0 }: { delayS?: number } = {}): Promise<void> => {
        load.sqs.add(1);
        if (delayS === 0) add(message, 1);
        else void clock.sleep(delayS).then(() => add(message, 1));
      },
    };
  };

  const outboxes: Partial<Record<'stream' | 'apply', ReturnType<typeof createQueue>>> = {};
  const outbox = (name: 'stream' | 'apply') => ({
    send: async (message: ImportMessage, options?: { readonly delayS?: number }) =>
      await outboxes[name]?.send(message, options),
  });

  const relay = {
    createUpload: async () => {
      load.s3Writes.add(1);
      return 'upload';
    },
    completeUpload: async () => load.s3Writes.add(1),
    abortUpload: async () => undefined,
  };
  const services = {
    tasks,
    segments,
    relay,
    partLimits,
    partsInFlight: 4,
    imageSizeCap: 6 * 1024 ** 4,
    sourceBudget: { retries: 5, firstDelayMs: 500 },
    segmentLimits: { segmentSize: assumed.segmentSize, segmentsAtOnce: assumed.segmentsAtOnce },
    streamQueue: outbox('stream'),
  } as unknown as SplitServices;

  const sourceOf = (task: TaskKey): SourceDescription => ({
    size: sizes.get(task.id) ?? 0,
    hashes: [{ algorithm: 'sha512', value: '00' }],
    identity: 'the same',
    isResumable: true,
    record: undefined,
  });
  const download = { probeRanges: async () => true } as unknown as Download;

  const dead = new Set<string>();
  const taken = new Map<string, TakenSeat>();
  const keeper = createSeats(table, { step: '', leaseMs, share: { concurrency: 0, percent: 0 } });

  const keepSeat = async ({ claim }: StepRun): Promise<void> => {
    const seat = taken.get(claim.attempt);
    if (seat) await keeper.keep(seat);
  };

  const beatenS = new Map<string, number>();

  /** A heartbeat, if one is due. */
  const beat = async (run: StepRun): Promise<void> => {
    const { attempt } = run.claim;
    const seconds = nowMs() / 1000;
    if (seconds - (beatenS.get(attempt) ?? 0) < heartbeatS) return;
    beatenS.set(attempt, seconds);
    await claims.renew(run.claim);
    await keepSeat(run);
    load.sqs.add(1);
  };

  /** Passes virtual time, with the heartbeats that belong to it. */
  const work = async (run: StepRun, seconds: number): Promise<void> => {
    for (let left = seconds; left > 0; left -= heartbeatS) {
      await clock.sleep(Math.min(left, heartbeatS));
      // The dead do nothing more.
      if (dead.has(run.claim.attempt)) await never;
      await beat(run);
    }
  };

  /** @param rate bytes a second; the object's requests are counted as they are sent */
  const readObject = async (run: StepRun, bytes: number, rate: number): Promise<void> => {
    const count = async (): Promise<void> => {
      for (let left = bytes; left > 0 && !dead.has(run.claim.attempt); left -= rate) {
        const now = Math.min(left, rate);
        load.s3Reads.add(now / relayBlockSize);
        await clock.sleep(now / rate);
      }
    };
    await Promise.all([work(run, bytes / rate), count()]);
  };

  /** @returns whether all parts are stored: false when the time of the run ended before */
  const storeParts = async (
    run: StepRun,
    {
      from,
      to,
      partSize,
      rate,
      endsMs,
    }: { from: number; to: number; partSize: number; rate: number; endsMs: number },
  ): Promise<boolean> => {
    for (let byte = from; byte < to; ) {
      const end = Math.min(to, byte + partsPerTurn * partSize);
      const seconds = (end - byte) / rate;
      if (nowMs() + seconds * 1000 > endsMs) return false;
      counts.partsSent += Math.ceil((end - byte) / partSize);
      await work(run, seconds);
      for (; byte < end; byte = Math.min(end, byte + partSize)) {
        const number = Math.floor(byte / partSize) + 1;
        load.s3Writes.add(1);
        await tasks.savePart(run.task, {
          number,
          etag: '"0123456789abcdef0123456789abcdef"',
          size: Math.min(partSize, to - byte),
          checksum: 'AAAAAQ==',
        });
      }
    }
    return true;
  };

  const copyRate = Math.min(assumed.sourceRate, assumed.functionRate);

  const segmentStep = async (run: StepRun, number: number, endsMs: number) => {
    const { task } = run;
    const plan = task.segments;
    if (!plan || task.stored) return undefined;
    const state = await stateOf(services, task, plan, number);
    if (state === 'not due') return undefined;
    if (state === 'done') return await afterSegment(services, run, plan, number);
    const segment = segmentAt(plan, number);
    const stored = await tasks.parts(task, segment);
    await run.begin(stored.size);
    const range = { from: endOfStored(plan, segment, stored), to: segment.to, partSize: plan.partSize };
    if (!(await storeParts(run, { ...range, rate: copyRate, endsMs })))
      return handOver({ segment: number }, task);
    await segments.finish(run.claim, segment.to - segment.from);
    return await afterSegment(services, run, plan, number);
  };

  const handOver = (more: object, task: Task) => {
    counts.handOvers += 1;
    return () => services.streamQueue.send({ imageId: task.imageId, taskId: task.id, ...more });
  };

  const wholeStep = async (run: StepRun, endsMs: number) => {
    const { task } = run;
    const source = sourceOf(task);
    const size = source.size ?? 0;
    const onward = () => outbox('apply').send({ imageId: task.imageId, taskId: task.id });
    await tasks.update(task, { status: 'processing' });
    if (!task.stored && !task.segments) {
      const plan = await planSplit(services, run, download, source);
      if (plan) return void (await split(services, run, source, plan));
      const parts = planFor(size, services);
      const { stored } = await earlierParts(services, run, source);
      await run.begin(stored.size);
      const from = resumeOffset(
        new Map([...stored].map(([number, part]) => [number, part.size])),
        size,
        parts,
      );
      if (!(await storeParts(run, { from, to: size, partSize: parts.partSize, rate: copyRate, endsMs })))
        return handOver({}, task);
      await relay.completeUpload();
      await tasks.update(task, { transferred: { size, digests: {} }, uploadId: undefined });
      if (from === 0) return onward;
      await tasks.update(task, { stored: { size } });
    } else if (!task.stored) {
      const plan = task.segments;
      if (!plan || !(await gather(services, run, { download, plan }))) return undefined;
      await tasks.update(task, { stored: { size }, uploadId: undefined });
    }
    return await verifyStep(run, size, endsMs, onward);
  };

  /** States of the digests are saved every 256 MiB, as in verify-object.ts. */
  const verifyStep = async (run: StepRun, size: number, endsMs: number, onward: () => Promise<void>) => {
    let offset = (await tasks.get(run.task))?.verification?.offset ?? 0;
    await run.begin(offset);
    for (; offset < size; ) {
      const end = Math.min(size, offset + 256 * MiB);
      const seconds = (end - offset) / assumed.functionRate;
      if (nowMs() + seconds * 1000 > endsMs) return handOver({}, run.task);
      await readObject(run, end - offset, assumed.functionRate);
      offset = end;
      await tasks.update(run.task, { verification: { offset, states: { sha512: 'x'.repeat(284) } } });
    }
    await tasks.update(run.task, { transferred: { size, digests: {} }, verification: undefined });
    return onward;
  };

  const applyStep = async (run: StepRun, endsMs: number) => {
    const size = sizes.get(run.task.id) ?? 0;
    const rate = Math.min(assumed.glanceRate, assumed.functionRate);
    if (nowMs() + (size / rate) * 1000 > endsMs) counts.tooLargeForUpload += 1;
    await readObject(run, size, rate);
    await tasks.finish(run.task, { status: 'success', message: 'done' });
    await claims.release(run.task.imageId, run.task.id);
    durations.push(nowMs() / 1000 - (startedS.get(run.task.id) ?? 0));
    return undefined;
  };

  const startedS = new Map<string, number>();

  /** The step's seats, on the clock: who gets none has taken a moment to learn it. */
  const seatsAt = (step: string, concurrency: number): Seats | undefined => {
    const { sharePercent: percent } = assumed;
    if (percent === 100) return undefined;
    const seats = createSeats(table, { step, leaseMs, share: { concurrency, percent }, random: randomOf(2) });
    const take: Seats['take'] = async (task, claim, waits) => {
      const seat = await seats.take(task, claim, waits);
      if (seat && 'attempt' in seat) taken.set(claim.attempt, seat);
      if (!seat || 'attempt' in seat) return seat;
      counts.polls += 1;
      await clock.sleep(pollS);
      return seat;
    };
    return { ...seats, take };
  };

  interface SimulatedFunction {
    readonly name: 'stream' | 'apply';
    readonly concurrency: number;
    step(run: StepRun, message: ImportMessage, endsMs: number): ReturnType<Step>;
  }

  /** Invocations by the real runStep. A death leaves everything as it is: the message comes again. */
  const start = ({ name, concurrency, step }: SimulatedFunction): void => {
    const seats = seatsAt(name, concurrency);
    const failQueue = { send: () => Promise.reject(new Error('no import fails here')) };
    const pace = { tasks, claims, ownQueue: outbox(name), failQueue, heartbeatS: 1e6, retryDelayS: 10 };
    const invoke = async (message: ImportMessage, receiveCount: number): Promise<Outcome> => {
      counts.runs += 1;
      const endsMs = nowMs() + assumed.runS * 1000;
      const delivery: Delivery = { receiveCount, hideFor: async () => load.sqs.add(1) };
      const received = { message, delivery, deadline: new AbortController().signal };
      let attempt = '';
      const life = runStep({ ...pace, ...(seats && { seats }) }, received, async (run) => {
        attempt = run.claim.attempt;
        const { id, owner } = run.task;
        if (!begun.has(id)) begun.set(id, { owner, seconds: nowMs() / 1000 - (startedS.get(id) ?? 0) });
        await clock.sleep(assumed.overheadS);
        const handOn = await step(run, message, endsMs);
        return dead.has(attempt) ? await never : handOn;
      }).then((): Outcome => 'done');
      if (random() >= assumed.deaths) return await life;
      const death = clock.sleep(random() * longestLifeS).then((): Outcome => {
        dead.add(attempt);
        return 'dead';
      });
      const outcome = await Promise.race([life, death]);
      if (outcome === 'dead') counts.deaths += 1;
      return outcome;
    };
    outboxes[name] = createQueue(name, concurrency, invoke);
  };

  start({
    name: 'stream',
    concurrency: assumed.streamConcurrency,
    step: (run, { segment }, endsMs) =>
      segment === undefined ? wholeStep(run, endsMs) : segmentStep(run, segment, endsMs),
  });
  start({
    name: 'apply',
    concurrency: assumed.applyConcurrency,
    step: (run, _message, endsMs) => applyStep(run, endsMs),
  });

  for (const { atS, size, project } of arrivals) {
    void clock.sleep(atS).then(async () => {
      const task = newSimulatedTask(project);
      sizes.set(task.id, size);
      startedS.set(task.id, nowMs() / 1000);
      await claims.take(task.imageId, task.id);
      await tasks.create(task);
      await services.streamQueue.send({ imageId: task.imageId, taskId: task.id });
      await claims.queued(task.imageId, task.id);
    });
  }
  await clock.run();
  const parts = arrivals.reduce((sum, { size }) => sum + partCount(size, planFor(size, services)), 0);
  return { load, counts, durations, begun, parts, hours: nowMs() / 3_600_000 };
};

export type Simulated = Awaited<ReturnType<typeof simulate>>;
