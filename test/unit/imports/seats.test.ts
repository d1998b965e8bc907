import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDynamoClient, createTable, type Table } from '../../../lib/aws/table.ts';
import { createSeats, type Seats, type TakenSeat } from '../../../lib/imports/seats.ts';
import { newAttemptId, newTaskId } from '../../../lib/schemas/ids.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { startLocalAws } from '../local-aws.ts';
import { taskFixture } from './task-fixture.ts';

const leaseMs = 50_000;
let aws: LocalAws;
let table: Table;
let seats: Seats;
let step: string;

beforeAll(async () => {
  aws = await startLocalAws();
  table = createTable(createDynamoClient(), aws.tableName);
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  step = newTaskId();
  seats = createSeats(table, { step, leaseMs, share: { concurrency: 4, percent: 50 } });
});
afterEach(() => vi.useRealTimers());
afterAll(() => aws.stop());

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const items = () => table.query(`step#${step}`, '');

/** An import of a project, and an attempt at it. */
const importOf = (owner: string, segment?: number) => {
  const task = { ...taskFixture(), owner };
  const { imageId, id: taskId } = task;
  const claim = () => ({
    imageId,
    taskId,
    attempt: newAttemptId(),
    ...(segment !== undefined && { segment }),
  });
  return { ask: () => seats.take(task, claim()) };
};
const ask = (owner: string) => importOf(owner).ask();
const seated = async (owner: string): Promise<TakenSeat> => {
  const seat = await ask(owner);
  if (typeof seat === 'string') throw new Error(`${owner} got no seat`);
  return seat;
};

test('an import alone gets a seat with three requests, and leaves nothing', async () => {
  const seat = await seated('a');
  expect(await items()).toMatchObject([{ projectId: 'a', attempt: seat.attempt }]);
  await seats.leave(seat);
  expect(await items()).toEqual([]);
});

test('of many of one project that ask at once half of all get a seat, another project gets one at once', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask('flood')));
  expect(answers.filter((answer) => typeof answer === 'object')).toHaveLength(2);
  expect(await ask('other')).toMatchObject({ attempt: expect.any(String) });
});

test('every item has a time to live, after the lease', async () => {
  for (let asked = 0; asked < 3; asked += 1) await ask('a');
  const found = await items();
  expect(found).toHaveLength(3);
  for (const { expiresAtS, leaseUntil } of found)
    expect(Number(expiresAtS) * 1000).toBeGreaterThan(Number(leaseUntil));
});

describe('a seat', () => {
  test('is kept by signs of life, and free again without them', async () => {
    const [seat, crashed] = [await seated('a'), await seated('a')];
    later(leaseMs - 1);
    await seats.keep(seat);
    later(2);
    const again = await seated('a');
    expect(again.item).toBe(crashed.item);
  });

  test('that was lost and taken by another attempt is not given up by the one that lost it', async () => {
    const lost = await seated('a');
    later(leaseMs + 1);
    const [one, other] = [await seated('a'), await seated('a')];
    await seats.keep(lost);
    await seats.leave(lost);
    expect((await items()).map(({ attempt }) => attempt).sort()).toEqual([one.attempt, other.attempt].sort());
  });
});

describe('of those that wait', () => {
  test('the oldest is the first, and gets the next seat whoever else asks before', async () => {
    const [seat] = [await seated('a'), await seated('a')];
    const oldest = importOf('a');
    later(1000);
    const young = importOf('a');
    expect(await young.ask()).toBe('first');
    expect(await oldest.ask()).toBe('first');
    expect(await young.ask()).toBe('later');
    await seats.leave(seat);
    expect(await young.ask()).toBe('later');
    expect(await oldest.ask()).toMatchObject({ attempt: expect.any(String) });
    expect(await young.ask()).toBe('first');
  });

  test('the first that does not ask any more holds up the others for half a minute', async () => {
    const [seat] = [await seated('a'), await seated('a')];
    await ask('a');
    later(1000);
    const young = importOf('a');
    await seats.leave(seat);
    expect(await young.ask()).toBe('later');
    later(30_000);
    expect(await young.ask()).toMatchObject({ attempt: expect.any(String) });
  });

  test('none starves, though new ones come all the time and ask more often', async () => {
    const working = [await seated('a'), await seated('a')];
    const old = importOf('a');
    expect(await old.ask()).toBe('first');
    let rounds = 0;
    for (let got: unknown = 'first'; typeof got === 'string'; rounds += 1) {
      later(1000);
      for (let index = 0; index < 5; index += 1) {
        const seat = await ask('a');
        if (typeof seat === 'object') working.push(seat);
      }
      const ended = working.shift();
      if (ended) await seats.leave(ended);
      got = await old.ask();
    }
    expect(rounds).toBe(1);
  });

  test('segments of one import wait each for itself', async () => {
    const seat = await seated('a');
    await seated('a');
    const [one, two] = [importOf('a', 1), importOf('a', 2)];
    expect(await one.ask()).toBe('first');
    expect(await two.ask()).toBe('later');
    await seats.leave(seat);
    expect(await two.ask()).toBe('later');
    expect(await one.ask()).toMatchObject({ attempt: expect.any(String) });
  });
});
