import { beforeEach, expect, test } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import type { Delivery } from '../../../lib/state/messages.ts';
import type { ImportRef } from '../../../lib/state/refs.ts';
import { done } from '../../../lib/steps/outcome.ts';
import { runStep, type StepServices } from '../../../lib/steps/run-step.ts';
import { createSeats } from '../../../lib/steps/seats.ts';
import { importOf, newTarget } from '../../contract/state/fixtures.ts';
import { createSeatTableInMemory, type SeatTableInMemory } from './seat-table.ts';
import { type TestRun, useStep } from './step-at-work.ts';

const use = useStep();
let table: SeatTableInMemory;
let services: StepServices;
/** Who was told that it still waits. */
let told: string[];

/** One seat for a project, of two. */
const seatsOf = (leaseMs: number) => {
  table = createSeatTableInMemory(leaseMs);
  return createSeats(table, { share: { concurrency: 2, percent: 50 }, random: () => 0.5 });
};
beforeEach(() => {
  told = [];
  services = { ...use().services, seats: seatsOf(30_000) };
});

/** A queued import of a project, and what runs a step for its message. */
const importOfProject = async (projectId: string) => {
  const ref = importOf(newTarget());
  await use().leases.take(ref);
  const waitingOf = ({ taskId }: ImportRef) => ({ projectId, work: taskId, sinceMs: 0 });
  return {
    ref,
    run: (work: (run: TestRun) => Promise<void>, waits?: number, more: Partial<Delivery> = {}) => {
      const stillWaits = async ({ taskId }: ImportRef): Promise<void> => void told.push(taskId);
      const step = use().step(
        async (run) => {
          await work(run);
          return done;
        },
        { waitingOf, stillWaits },
      );
      const received = use().received({ ...ref, ...(waits !== undefined && { waits }) });
      return runStep(services, step, { ...received, delivery: { ...received.delivery, ...more } });
    },
  };
};
const isSeated = () => table.seated.size;

test('a step of a project that has its share at work waits, and its next attempt may begin at once', async () => {
  const [one, second, other] = [
    await importOfProject('a'),
    await importOfProject('a'),
    await importOfProject('b'),
  ];
  const begun: string[] = [];
  await one.run(async () => {
    await second.run(async () => void begun.push('second'), 4);
    await other.run(async () => void begun.push('other'));
  });
  expect(begun).toEqual(['other']);
  const message = { ...second.ref, waits: 5 };
  expect(use().sent).toEqual([{ to: 'stream-image', message, delayS: 1 }]);
  await second.run(async () => void begun.push('second'), 5);
  expect(begun).toEqual(['other', 'second']);
});

test('who waits ends its attempt before its message comes again', async () => {
  const [one, second] = [await importOfProject('a'), await importOfProject('a')];
  await one.run(async () => {
    use().calls.length = 0;
    await second.run(() => expect.fail('it ran'));
    expect(use().calls).toEqual(['hide 60', 'begin', 'pause', 'send stream-image']);
  });
});

test('who waits long is told so every sixteenth time', async () => {
  const [one, second] = [await importOfProject('a'), await importOfProject('a')];
  await one.run(async () => {
    for (let waits = 0; waits < 33; waits += 1) await second.run(() => expect.fail('it ran'), waits);
  });
  expect(told).toEqual([second.ref.taskId, second.ref.taskId]);
});

test('who cannot be told to wait keeps its message', async () => {
  const [one, second] = [await importOfProject('a'), await importOfProject('a')];
  await one.run(async () => {
    services = {
      ...services,
      send: () => Promise.reject(new FerryError('unavailable', 'no queue')),
    };
    await expect(second.run(() => expect.fail('it ran'))).rejects.toThrow('no queue');
    expect(use().hidden.at(-1)).toBe(10);
  });
});

test('a message that has waited runs its step when there is a seat, and takes nothing of it along', async () => {
  const one = await importOfProject('a');
  const begun: string[] = [];
  await one.run(async () => void begun.push('one'), 7);
  expect([begun, use().sent]).toEqual([['one'], []]);
});

test('its seat is free before others are told, and when it has failed', async () => {
  const one = await importOfProject('a');
  const free: number[] = [];
  services = { ...services, send: async () => void free.push(isSeated()) };
  await one.run(async () => {
    expect(isSeated()).toBe(1);
    throw new FerryError('bad-request', 'because');
  });
  expect(free).toEqual([0]);
});

test.each<[string, Partial<Delivery>]>([
  ['', {}],
  [
    ', also when SQS hides its message no longer',
    { hideFor: () => Promise.reject(new FerryError('bad-request', 'twelve hours are over')) },
  ],
])('a step at work keeps its seat with its heartbeats%s', async (_, delivery) => {
  services = { ...services, seats: seatsOf(500), heartbeatS: 0.1 };
  const [one, second] = [await importOfProject('a'), await importOfProject('a')];
  await one.run(
    async () => {
      const [before] = [...table.seated.values()];
      await expect
        .poll(() => [...table.seated.values()][0]?.leaseUntil, { timeout: 10_000 })
        .toBeGreaterThan((before?.leaseUntil ?? 0) + 500);
      await second.run(() => expect.fail('the seat was given away'));
    },
    undefined,
    delivery,
  );
  expect(use().sent).toHaveLength(1);
});

test('without seats, and for a step that asks for none, nobody waits', async () => {
  const { seats: _, ...unseated } = services;
  const [one, second] = [await importOfProject('a'), await importOfProject('a')];
  const begun: string[] = [];
  await one.run(async () => {
    const all = services;
    services = unseated;
    await second.run(async () => void begun.push('without seats'));
    services = all;
    const unasked = use().step(async () => {
      begun.push('asks for none');
      return done;
    });
    await runStep(services, unasked, use().received());
  });
  expect(begun).toEqual(['without seats', 'asks for none']);
});
