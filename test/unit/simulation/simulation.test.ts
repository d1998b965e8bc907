import { beforeAll, describe, expect, test, vi } from 'vitest';
import { log } from '../../../lib/log.ts';
import { GiB } from '../../../lib/transfer/part-plan.ts';
import { createClock } from '../../simulation/clock.ts';
import { assumed, tenThousand } from '../../simulation/scenarios.ts';
import { simulate } from '../../simulation/world.ts';

// As test/simulation/stand-ins.ts does it for the command.
vi.mock('../../../lib/copies/bytes/copy-range.ts', () => import('../../simulation/copy-range.ts'));
vi.mock('../../../lib/copies/object/verify-object.ts', () => import('../../simulation/verify-object.ts'));

beforeAll(() => log.setLogLevel('SILENT'));

/** Bytes of all images. */
const bytesOf = (arrivals: readonly { readonly size: number }[]): number =>
  arrivals.reduce((sum, { size }) => sum + size, 0);

describe('imports in virtual time', () => {
  test('all end, once, and leave nothing, though every fifth run dies', async () => {
    const arrivals = tenThousand(30);
    const { durations, counts, parts, left } = await simulate(createClock(), arrivals, {
      ...assumed,
      deaths: 0.2,
    });
    expect(durations).toHaveLength(arrivals.length);
    expect(left).toBe(0);
    expect(counts.deaths).toBeGreaterThan(0);
    expect(counts.partsSent).toBeGreaterThanOrEqual(parts);
    // A death costs the parts that were on their way, and no more.
    expect(counts.partsSent - parts).toBeLessThanOrEqual(9 * (counts.deaths + counts.handOvers));
  });

  test('into many regions read each image once, also when every fifth run dies', async () => {
    const arrivals = tenThousand(8).map((arrival) => ({ ...arrival, regions: 5 }));
    const undisturbed = await simulate(createClock(), arrivals, assumed);
    expect(undisturbed.durations).toHaveLength(40);
    expect(undisturbed.load.source.total()).toBe(bytesOf(arrivals));
    const dying = await simulate(createClock(), arrivals, { ...assumed, deaths: 0.2 });
    expect(dying.durations).toHaveLength(40);
    expect(dying.left).toBe(0);
    expect(dying.load.source.total()).toBeLessThan(1.1 * bytesOf(arrivals));
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
      (await simulate(createClock(), tenThousand(15), { ...assumed, deaths: 0.1 })).durations;
    expect(await run()).toEqual(await run());
  });
});
