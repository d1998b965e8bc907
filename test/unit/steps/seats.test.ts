import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDynamoClient, createTable, type Table } from '../../../lib/aws/table.ts';
import { createSeats, type Seats, type TakenSeat } from '../../../lib/steps/seats.ts';
import { log } from '../../../lib/log.ts';
import { newAttemptId, newTaskId } from '../../../lib/schemas/ids.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { startLocalAws } from '../local-aws.ts';
import { taskFixture } from '../imports/task-fixture.ts';

const leaseMs = 50_000;
const first = { askAgainInS: 1 };
/** Five seconds, doubled three times. */
const later = { askAgainInS: 40 };
let aws: LocalAws;
let table: Table;
let seats: Seats;
let step: string;

beforeAll(async () => {
  log.setLogLevel('SILENT');
  aws = await startLocalAws();
  table = createTable(createDynamoClient(), aws.tableName);
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  step = newTaskId();
  seats = createSeats(table, { step, leaseMs, share: { concurrency: 4, percent: 50 }, random: () => 0.5 });
});
afterEach(() => vi.useRealTimers());
afterAll(() => aws.stop());

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
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
  return { ask: () => seats.take(task, claim(), 3) };
};
const ask = (owner: string) => importOf(owner).ask();
const seated = async (owner: string): Promise<TakenSeat> => {
  const seat = await ask(owner);
  if (!seat || !('attempt' in seat)) throw new Error(`${owner} got no seat`);
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
  expect(answers.filter((answer) => answer && 'attempt' in answer)).toHaveLength(2);
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
    const [seat] = [await seated('a'), await seated('a')];
    pass(leaseMs - 1);
    await seats.keep(seat);
    pass(2);
    const again = await seated('a');
    expect((await items()).map(({ attempt }) => attempt).sort()).toEqual(
      [seat.attempt, again.attempt].sort(),
    );
  });

  test('whose attempt has died leaves nothing once its project works again', async () => {
    for (let died = 0; died < 2; died += 1) await seated('a');
    expect(await ask('a')).toEqual(first);
    pass(leaseMs + 1);
    await seats.leave(await seated('a'));
    expect(await items()).toEqual([]);
  });

  test('that was lost and taken by another attempt is not given up by the one that lost it', async () => {
    const lost = await seated('a');
    pass(leaseMs + 1);
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
    pass(10_001);
    const young = importOf('a');
    expect(await young.ask()).toEqual(first);
    expect(await oldest.ask()).toEqual(first);
    expect(await young.ask()).toEqual(later);
    await seats.leave(seat);
    expect(await young.ask()).toEqual(later);
    expect(await oldest.ask()).toMatchObject({ attempt: expect.any(String) });
    expect(await young.ask()).toEqual(first);
  });

  test('the first that does not ask any more holds up the others for half a minute', async () => {
    const [seat] = [await seated('a'), await seated('a')];
    await ask('a');
    pass(10_001);
    const young = importOf('a');
    await seats.leave(seat);
    expect(await young.ask()).toEqual(later);
    pass(30_000);
    expect(await young.ask()).toMatchObject({ attempt: expect.any(String) });
  });

  test('none starves, though new ones come all the time and ask more often', async () => {
    const working = [await seated('a'), await seated('a')];
    const old = importOf('a');
    expect(await old.ask()).toEqual(first);
    let rounds = 0;
    for (let hasSeat = false; !hasSeat; rounds += 1) {
      pass(10_001);
      for (let index = 0; index < 5; index += 1) {
        const seat = await ask('a');
        if (seat && 'attempt' in seat) working.push(seat);
      }
      const ended = working.shift();
      if (ended) await seats.leave(ended);
      hasSeat = 'attempt' in ((await old.ask()) ?? {});
    }
    expect(rounds).toBe(1);
  });

  test('segments of one import wait each for itself, and none goes before another', async () => {
    const seat = await seated('a');
    await seated('a');
    const [one, two] = [importOf('a', 1), importOf('a', 2)];
    expect(await one.ask()).toEqual(first);
    expect(await two.ask()).toEqual(later);
    await seats.leave(seat);
    expect(await two.ask()).toMatchObject({ attempt: expect.any(String) });
    expect(await one.ask()).toEqual(first);
  });
});

test('where the table is away, work begins without a seat, and leaving one is no error', async () => {
  const seat = await seated('a');
  const away = createTable(createDynamoClient(), 'a-table-that-is-not-there');
  const unseated = createSeats(away, { step, leaseMs, share: { concurrency: 4, percent: 50 } });
  const task = taskFixture();
  const claim = { imageId: task.imageId, taskId: task.id, attempt: newAttemptId() };
  expect(await unseated.take(task, claim, 0)).toBeUndefined();
  await expect(unseated.leave(seat)).resolves.toBeUndefined();
});
