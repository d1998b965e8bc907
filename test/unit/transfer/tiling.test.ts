import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowAt, rowNumbers, rowOf } from '../../../lib/copies/record/rows.ts';
import type { SegmentPlan, StoredPart } from '../../../lib/state/copy.ts';
import { type CopyOptions, copyParts } from '../../../lib/transfer/copy-parts.ts';
import { MiB, partCount, planParts, resumeOffset } from '../../../lib/transfer/part-plan.ts';
import { endOfStored, planSegments, segmentAt } from '../../../lib/transfer/segment-plan.ts';
import { readerOf } from '../byte-readers.ts';

// Copies that break anywhere and go on: the parts of all their runs tile the image, exactly.

/** A fault, hit once: the source breaks, a part cannot be sent, or all dies when a part is stored but not yet noted. */
type Fault =
  | { readonly kind: 'source'; readonly afterBytes: number }
  | { readonly kind: 'send'; readonly part: number }
  | { readonly kind: 'death'; readonly part: number };

const faults = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('source' as const), afterBytes: fc.nat(400) }),
    fc.record({
      kind: fc.constantFrom('send' as const, 'death' as const),
      part: fc.integer({ min: 1, max: 40 }),
    }),
  ),
  { maxLength: 6 },
);

const image = (size: number): Buffer =>
  createHash('shake256', { outputLength: Math.max(1, size) })
    .update('image')
    .digest()
    .subarray(0, size);

/** What a store has of an image, and what the table knows of it: less, after a death. */
const createWorld = (bytes: Buffer, due: Fault[]) => {
  const sent = new Map<number, Buffer>();
  const noted = new Map<number, StoredPart>();

  const isDue = (kind: Fault['kind'], part: number): boolean => {
    const at = due.findIndex((fault) => fault.kind === kind && 'part' in fault && fault.part === part);
    if (at >= 0) due.splice(at, 1);
    return at >= 0;
  };

  const sourceOf = (from: number, to: number) => {
    const at = due.findIndex(({ kind }) => kind === 'source');
    const fault = at >= 0 ? due.splice(at, 1)[0] : undefined;
    if (fault?.kind !== 'source') return readerOf([bytes.subarray(from, to)]);
    return readerOf(
      [bytes.subarray(from, Math.min(to, from + fault.afterBytes))],
      new Error('the source broke'),
    );
  };

  const port: Pick<CopyOptions, 'send' | 'checkpoint'> = {
    send: async ({ number, bytes: part }) => {
      if (isDue('send', number)) throw new Error('not sent');
      sent.set(number, Buffer.from(part));
      return `etag ${number}`;
    },
    checkpoint: async (part) => {
      if (isDue('death', part.number)) throw new Error('dead');
      noted.set(part.number, part);
    },
  };
  return { sent, noted, port, sourceOf };
};

type World = ReturnType<typeof createWorld>;

/** Runs until it succeeds: a fault ends one run, and is used up. */
const untilDone = async <T>(run: () => Promise<T>, most: number): Promise<T> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (tries > most) throw error;
    }
  }
};

const expectTiled = ({ sent, noted }: World, bytes: Buffer, partSize: number): void => {
  const count = Math.ceil(bytes.length / partSize);
  const numbers = [...noted.keys()].sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  expect(numbers.map((number) => noted.get(number)?.size)).toEqual(
    numbers.map((number) => Math.min(partSize, bytes.length - (number - 1) * partSize)),
  );
  expect(Buffer.concat(numbers.map((number) => sent.get(number) ?? Buffer.alloc(0))).equals(bytes)).toBe(
    true,
  );
};

const scene = {
  size: fc.integer({ min: 1, max: 400 }),
  partSize: fc.integer({ min: 1, max: 50 }),
  buffers: fc.integer({ min: 2, max: 4 }),
  faults,
};

const copySegment = (world: World, plan: SegmentPlan, number: number, buffers: number) => async () => {
  const segment = segmentAt(plan, number);
  const offset = endOfStored(plan, segment, world.noted);
  if (offset === segment.to) return;
  const source = world.sourceOf(offset, segment.to);
  const { size } = await copyParts({
    ...world.port,
    source,
    offset,
    partSize: plan.partSize,
    buffers,
    partAlgorithm: 'crc32',
    algorithms: [],
    stored: world.noted,
  });
  expect(size).toBe(segment.to);
};

test('the parts of an image in segments tile it exactly, wherever its copies break', async () => {
  const cut = {
    segmentSize: fc.integer({ min: 1, max: 200 }),
    segmentsAtOnce: fc.integer({ min: 2, max: 6 }),
  };
  await fc.assert(
    fc.asyncProperty(
      fc.record({ ...scene, ...cut }),
      async ({ size, partSize, buffers, faults: given, ...limits }) => {
        const bytes = image(size);
        const plan = planSegments(size, { partSize, capacity: size }, limits);
        fc.pre(plan !== undefined);
        const world = createWorld(bytes, [...given]);
        const copyRow = async (row: number): Promise<void> => {
          let { next } = rowOf({ rows: new Map() }, row);
          while (next <= plan.count) {
            await untilDone(copySegment(world, plan, next, buffers), given.length);
            next = rowAt(plan, row, next, segmentAt(plan, next).to).next;
          }
        };
        await Promise.all(rowNumbers(plan).map(copyRow));
        expectTiled(world, bytes, partSize);
      },
    ),
    { numRuns: 250 },
  );
});

test('the parts of an image in one stream tile it exactly, wherever its copies break', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ ...scene, hasRanges: fc.boolean() }),
      async ({ size, partSize, buffers, hasRanges, faults: given }) => {
        const bytes = image(size);
        const world = createWorld(bytes, [...given]);
        const copied = await untilDone(async () => {
          const sizes = new Map([...world.noted].map(([number, part]) => [number, part.size]));
          const offset = hasRanges ? resumeOffset(sizes, size, { partSize, capacity: size }) : 0;
          const source = world.sourceOf(offset, size);
          const stored = new Map(world.noted);
          return await copyParts({
            ...world.port,
            source,
            offset,
            partSize,
            buffers,
            partAlgorithm: 'crc32',
            algorithms: ['sha512'],
            stored,
          });
        }, given.length);
        expect(copied.size).toBe(size);
        expect(copied.parts.map(({ number }) => number)).toEqual(
          [...world.noted.keys()].sort((a, b) => a - b),
        );
        const { sha512 = createHash('sha512').update(bytes).digest('hex') } = copied.digests;
        expect(sha512).toBe(createHash('sha512').update(bytes).digest('hex'));
        expectTiled(world, bytes, partSize);
      },
    ),
    { numRuns: 250 },
  );
});

test('any size up to 5 TiB fits into the parts that a store takes, or is refused', () => {
  const limits = fc.record({
    partSize: fc.integer({ min: 5, max: 5120 }).map((mib) => mib * MiB),
    maxParts: fc.integer({ min: 1, max: 10_000 }),
  });
  const size = fc.bigInt({ min: 1n, max: 5n * 1024n ** 4n }).map(Number);
  fc.assert(
    fc.property(size, limits, (bytes, given) => {
      if (bytes > Math.max(given.partSize, 5120 * MiB) * given.maxParts) {
        expect(() => planParts(bytes, given)).toThrow(RangeError);
        return;
      }
      const plan = planParts(bytes, given);
      expect(partCount(bytes, plan)).toBeLessThanOrEqual(given.maxParts);
      expect(plan.capacity).toBeGreaterThanOrEqual(bytes);
      expect(plan.partSize).toBeGreaterThanOrEqual(given.partSize);
      expect((partCount(bytes, plan) - 1) * plan.partSize).toBeLessThan(bytes);
    }),
    { numRuns: 1000 },
  );
});
