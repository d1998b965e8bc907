import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSeatTable } from '../../../lib/aws/state/seats.ts';
import { createDynamoClient, createTable } from '../../../lib/aws/table.ts';
import { log } from '../../../lib/log.ts';
import { type AttemptId, newAttemptId, newTaskId } from '../../../lib/schemas/ids.ts';
import type { Seat, SeatTable } from '../../../lib/state/seats.ts';
import { createSeats, type Seats } from '../../../lib/steps/seats.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { newStep } from '../../contract/state/fixtures.ts';
import { startLocalAws } from '../local-aws.ts';

const leaseMs = 50_000;
const share = { concurrency: 4, percent: 50 };
const first = { askAgainInS: 1 };
/** Five seconds, doubled three times. */
const later = { askAgainInS: 40 };
let aws: LocalAws;
let table: SeatTable;
let seats: Seats;

const seatTable = (name: string): SeatTable =>
  createSeatTable(createTable(createDynamoClient(), name), { step: newStep(), leaseMs });

beforeAll(async () => {
  log.setLogLevel('SILENT');
  aws = await startLocalAws();
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  table = seatTable(aws.tableName);
  seats = createSeats(table, { share, random: () => 0.5 });
});
afterEach(() => vi.useRealTimers());
afterAll(() => aws.stop());

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
const nothing = { seats: [], first: undefined, dead: [] };

interface Taken {
  readonly seat: Seat;
  readonly attempt: AttemptId;
  leave(): Promise<void>;
}

/** Work of a project that asks for a seat since now; an attempt each time. @returns its seat, or when to ask again */
const workOf = (projectId: string, work: string = newTaskId()) => {
  const asking = { projectId, work, sinceMs: Date.now() };
  return async (): Promise<Taken | { readonly askAgainInS: number }> => {
    const attempt = newAttemptId();
    const answer = (await seats.take(asking, attempt, 3)) ?? expect.fail('nobody could be asked');
    if ('askAgainInS' in answer) return answer;
    return { seat: answer, attempt, leave: () => seats.leave(answer, attempt) };
  };
};
const ask = (projectId: string) => workOf(projectId)();
const seated = async (projectId: string): Promise<Taken> => {
  const taken = await ask(projectId);
  return 'seat' in taken ? taken : expect.fail(`${projectId} got no seat`);
};
const hasSeat = { seat: expect.any(Object) };

test('work alone gets a seat at once, and leaves nothing', async () => {
  const { seat, leave } = await seated('a');
  expect((await table.look('a')).seats).toEqual([seat]);
  await leave();
  expect(await table.look('a')).toEqual(nothing);
});

test('of many of one project that ask at once half of all get a seat, another project gets one at once', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask('flood')));
  expect(answers.filter((answer) => 'seat' in answer)).toHaveLength(2);
  expect(await ask('other')).toMatchObject(hasSeat);
});

describe('a seat', () => {
  test('is kept by signs of life, and free again without them', async () => {
    const [{ seat, attempt }] = [await seated('a'), await seated('a')];
    pass(leaseMs - 1);
    await seats.keep(seat, attempt);
    pass(2);
    const again = await seated('a');
    expect((await table.look('a')).seats).toEqual(
      [seat, again.seat].sort((one, other) => one.number - other.number),
    );
  });

  test('whose attempt has died leaves nothing once its project works again', async () => {
    for (let died = 0; died < 2; died += 1) await seated('a');
    expect(await ask('a')).toEqual(first);
    pass(leaseMs + 1);
    await (await seated('a')).leave();
    expect(await table.look('a')).toEqual(nothing);
  });
});

describe('of those that wait', () => {
  test('the oldest is the first, and gets the next seat whoever else asks before', async () => {
    const [seat] = [await seated('a'), await seated('a')];
    const oldest = workOf('a');
    pass(10_001);
    const young = workOf('a');
    expect(await young()).toEqual(first);
    expect(await oldest()).toEqual(first);
    expect(await young()).toEqual(later);
    await seat.leave();
    expect(await young()).toEqual(later);
    expect(await oldest()).toMatchObject(hasSeat);
    expect(await young()).toEqual(first);
  });

  test('the first that does not ask any more holds up the others for half a minute', async () => {
    const [seat] = [await seated('a'), await seated('a')];
    await ask('a');
    pass(10_001);
    const young = workOf('a');
    await seat.leave();
    expect(await young()).toEqual(later);
    pass(30_000);
    expect(await young()).toMatchObject(hasSeat);
  });

  test('none starves, though new ones come all the time and ask more often', async () => {
    const working = [await seated('a'), await seated('a')];
    const old = workOf('a');
    expect(await old()).toEqual(first);
    let rounds = 0;
    for (let isSeated = false; !isSeated; rounds += 1) {
      pass(10_001);
      for (let index = 0; index < 5; index += 1) {
        const answer = await ask('a');
        if ('seat' in answer) working.push(answer);
      }
      await working.shift()?.leave();
      isSeated = 'seat' in (await old());
    }
    expect(rounds).toBe(1);
  });

  test('rows of one copy wait each for itself, and none goes before another', async () => {
    const seat = await seated('a');
    await seated('a');
    const [one, two] = [workOf('a', 'row 1'), workOf('a', 'row 2')];
    expect(await one()).toEqual(first);
    expect(await two()).toEqual(later);
    await seat.leave();
    expect(await two()).toMatchObject(hasSeat);
    expect(await one()).toEqual(first);
  });
});

test('where nobody can be asked, work begins without a seat, and leaving one is no error', async () => {
  const unseated = createSeats(seatTable('a-table-that-is-not-there'), { share });
  const asking = { projectId: 'a', work: 'one', sinceMs: Date.now() };
  expect(await unseated.take(asking, newAttemptId(), 0)).toBeUndefined();
  await expect(unseated.leave({ projectId: 'a', number: 0 }, newAttemptId())).resolves.toBeUndefined();
});
