import { beforeAll, describe, expect, test } from 'vitest';
import { log } from '../../../lib/log.ts';
import { GiB } from '../../../lib/transfer/part-plan.ts';
import { createClock } from '../../simulation/clock.ts';
import { assumed, tenThousand } from '../../simulation/scenarios.ts';
import { simulate } from '../../simulation/world.ts';

beforeAll(() => log.setLogLevel('SILENT'));

describe('imports in virtual time', () => {
  test('all end, once, though every fifth run dies', async () => {
    const arrivals = tenThousand(60);
    const { durations, counts, parts } = await simulate(createClock(), arrivals, { ...assumed, deaths: 0.2 });
    expect(durations).toHaveLength(arrivals.length);
    expect(counts.deaths).toBeGreaterThan(0);
    expect(counts.partsSent).toBeGreaterThanOrEqual(parts);
    // A death costs the parts that were on their way, and no more.
    expect(counts.partsSent - parts).toBeLessThanOrEqual(8 * counts.deaths);
  });

  test('cost as much for each part of a large image as of a small one', async () => {
    const perPart = async (size: number) => {
      const { load, parts } = await simulate(createClock(), [{ atS: 0, size, project: 0 }], {
        ...assumed,
        segmentSize: GiB,
      });
      return (load.writes.total() + load.reads.total()) / parts;
    };
    const [small, large] = [await perPart(16 * GiB), await perPart(128 * GiB)];
    expect(large / small).toBeLessThan(1.1);
  });

  test('take the same course for the same seed', async () => {
    const run = async () =>
      (await simulate(createClock(), tenThousand(30), { ...assumed, deaths: 0.1 })).durations;
    expect(await run()).toEqual(await run());
  });
});
