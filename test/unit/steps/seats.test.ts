import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { log } from '../../../lib/log.ts';
import { type AttemptId, newAttemptId } from '../../../lib/schemas/ids.ts';
import type { Seat, SeatTable } from '../../../lib/state/seats.ts';
import { createSeats, type Seats } from '../../../lib/steps/seats.ts';
import { createSeatTableInMemory, type SeatTableInMemory } from './seat-table.ts';

const leaseMs = 50_000;
const first = { askAgainInS: 1 };
/** Five seconds, doubled three times. */
const later = { askAgainInS: 40 };
const share = { concurrency: 4, percent: 50 };
const isSeat = expect.objectContaining({ number: expect.any(Number) });

let table: SeatTableInMemory;
let seats: Seats;
let works = 0;
beforeAll(() => void log.setLogLevel('SILENT'));
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  table = createSeatTableInMemory(leaseMs);
  seats = createSeats(table, { share, random: () => 0.5 });
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
const attemptsSeated = () => [...table.seated.values()].map(({ attempt }) => attempt).sort();

/** Work of a project, asked for now. */
const workOf = (projectId: string) => {
  works += 1;
  const asking = { projectId, work: `work ${works}`, sinceMs: Date.now() };
  return { ask: (attempt = newAttemptId()) => seats.take(asking, attempt, 3) };
};
const ask = (projectId: string) => workOf(projectId).ask();

interface Seated {
  readonly seat: Seat;
  readonly attempt: AttemptId;
}
const seated = async (projectId: string): Promise<Seated> => {
  const attempt = newAttemptId();
  const seat = await workOf(projectId).ask(attempt);
  if (!seat || !('number' in seat)) throw new Error(`${projectId} got no seat`);
  return { seat, attempt };
};
const leave = ({ seat, attempt }: Seated) => seats.leave(seat, attempt);

test('work that is alone gets a seat, and leaves nothing', async () => {
  const one = await seated('a');
  expect(attemptsSeated()).toEqual([one.attempt]);
  await leave(one);
  expect([table.seated.size, table.firsts.size]).toEqual([0, 0]);
});

test('of much work of one project that asks at once half of all gets a seat, another project one at once', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask('flood')));
  expect(answers.filter((answer) => answer && 'number' in answer)).toHaveLength(2);
  expect(await ask('other')).toEqual(isSeat);
});

describe('a seat', () => {
  test('is kept by signs of life, and free again without them', async () => {
    const [kept] = [await seated('a'), await seated('a')];
    pass(leaseMs - 1);
    await seats.keep(kept.seat, kept.attempt);
    pass(2);
    const again = await seated('a');
    expect(attemptsSeated()).toEqual([kept.attempt, again.attempt].sort());
  });

  test('whose attempt has died leaves nothing once its project works again', async () => {
    for (let died = 0; died < 2; died += 1) await seated('a');
    expect(await ask('a')).toEqual(first);
    pass(leaseMs + 1);
    await leave(await seated('a'));
    expect([table.seated.size, table.firsts.size]).toEqual([0, 0]);
  });

  test('that was lost and taken by another attempt is not given up by the one that lost it', async () => {
    const lost = await seated('a');
    pass(leaseMs + 1);
    const [one, other] = [await seated('a'), await seated('a')];
    await seats.keep(lost.seat, lost.attempt);
    await leave(lost);
    expect(attemptsSeated()).toEqual([one.attempt, other.attempt].sort());
  });

  test('that another attempt takes between a look and a seat is not taken twice', async () => {
    const behind: SeatTable = {
      ...table,
      look: async (projectId) => {
        const found = await table.look(projectId);
        const number = table.seated.size;
        if (number < 2) await table.sitDown({ projectId, number }, newAttemptId());
        return found;
      },
    };
    const slow = createSeats(behind, { share, random: () => 0 });
    const asking = { projectId: 'a', work: 'late', sinceMs: Date.now() };
    expect(await slow.take(asking, newAttemptId(), 3)).toEqual({ askAgainInS: 1 });
    expect(table.seated.size).toBe(2);
  });

  test('is not asked for without an end, where another attempt is faster each time', async () => {
    let tries = 0;
    const busy = createSeats(
      {
        ...table,
        sitDown: async () => {
          tries += 1;
          return false;
        },
      },
      { share, random: () => 0.5 },
    );
    const asking = { projectId: 'a', work: 'late', sinceMs: Date.now() };
    expect(await busy.take(asking, newAttemptId(), 3)).toEqual(later);
    expect(tries).toBe(8);
  });
});

describe('of those that wait', () => {
  test('the oldest is the first, and gets the next seat whoever else asks before', async () => {
    const [one] = [await seated('a'), await seated('a')];
    const oldest = workOf('a');
    pass(10_001);
    const young = workOf('a');
    expect(await young.ask()).toEqual(first);
    expect(await oldest.ask()).toEqual(first);
    expect(await young.ask()).toEqual(later);
    await leave(one);
    expect(await young.ask()).toEqual(later);
    expect(await oldest.ask()).toEqual(isSeat);
    expect(await young.ask()).toEqual(first);
  });

  test('the first that does not ask any more holds up the others for half a minute', async () => {
    const [one] = [await seated('a'), await seated('a')];
    await ask('a');
    pass(10_001);
    const young = workOf('a');
    await leave(one);
    expect(await young.ask()).toEqual(later);
    pass(30_000);
    expect(await young.ask()).toEqual(isSeat);
  });

  test('none starves, though new ones come all the time and ask more often', async () => {
    const working = [await seated('a'), await seated('a')];
    const old = workOf('a');
    expect(await old.ask()).toEqual(first);
    let rounds = 0;
    for (let hasSeat = false; !hasSeat; rounds += 1) {
      pass(10_001);
      for (let index = 0; index < 5; index += 1) {
        const attempt = newAttemptId();
        const seat = await workOf('a').ask(attempt);
        if (seat && 'number' in seat) working.push({ seat, attempt });
      }
      const ended = working.shift();
      if (ended) await leave(ended);
      hasSeat = 'number' in ((await old.ask()) ?? {});
    }
    expect(rounds).toBe(1);
  });

  test('work that was asked for together waits each for itself, and none goes before another', async () => {
    const one = await seated('a');
    await seated('a');
    const [row1, row2] = [workOf('a'), workOf('a')];
    expect(await row1.ask()).toEqual(first);
    expect(await row2.ask()).toEqual(later);
    await leave(one);
    expect(await row2.ask()).toEqual(isSeat);
    expect(await row1.ask()).toEqual(first);
  });
});

test('whatever projects do, none has more than half of what the others leave, and who has nothing gets a seat', async () => {
  const projects = fc.constantFrom('a', 'b', 'c');
  const steps = fc.array(fc.record({ projectId: projects, isLeaving: fc.boolean() }), { maxLength: 40 });
  const property = fc.asyncProperty(
    steps,
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    async (all, random) => {
      table = createSeatTableInMemory(leaseMs);
      const shared = { concurrency: 6, percent: 50 };
      seats = createSeats(table, { share: shared, random: () => random });
      const working: Seated[] = [];
      for (const { projectId, isLeaving } of all) {
        const own = working.filter(({ seat }) => seat.projectId === projectId);
        const [ended] = own;
        if (isLeaving && ended) {
          await leave(ended);
          working.splice(working.indexOf(ended), 1);
          continue;
        }
        const attempt = newAttemptId();
        const seat = await workOf(projectId).ask(attempt);
        const most = Math.max(1, Math.ceil((shared.concurrency - (working.length - own.length)) / 2));
        const hasSeat = seat !== undefined && 'number' in seat;
        expect(hasSeat).toBe(own.length < most);
        if (hasSeat) working.push({ seat, attempt });
      }
      const names = working.map(({ seat }) => `${seat.projectId}#${seat.number}`);
      expect(new Set(names).size).toBe(working.length);
    },
  );
  await fc.assert(property);
});

test('where the table is away, work begins without a seat, and leaving one is no error', async () => {
  const { seat, attempt } = await seated('a');
  const away = () => Promise.reject(new Error('no table'));
  const unseated = createSeats({ ...table, look: away, leave: away }, { share });
  expect(await unseated.take({ projectId: 'a', work: 'w', sinceMs: 0 }, newAttemptId(), 0)).toBeUndefined();
  await expect(unseated.leave(seat, attempt)).resolves.toBeUndefined();
});

test('the first that has a seat now does not hold up the others, though it cannot be forgotten', async () => {
  const one = await seated('a');
  await seated('a');
  const waiting = workOf('a');
  expect(await waiting.ask()).toEqual(first);
  await leave(one);
  const forgetFirst = () => Promise.reject(new Error('no table'));
  seats = createSeats({ ...table, forgetFirst }, { share, random: () => 0.5 });
  expect(await waiting.ask()).toEqual(isSeat);
});
