import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPartWriter, type Part } from '../../../lib/transfer/part-writer.ts';

interface Store {
  readonly parts: Map<number, Buffer>;
  /** The memory that parts came in: one buffer each of the pool. */
  readonly memory: Set<ArrayBufferLike>;
  mostAtOnce: number;
  atOnce: number;
  send(part: Part): Promise<void>;
}

/** Takes each part after so many turns of the event loop, and reads its bytes only then. */
const createStore = (turns: (number: number) => number, failing?: number): Store => {
  const store: Store = {
    parts: new Map(),
    memory: new Set(),
    mostAtOnce: 0,
    atOnce: 0,
    send: async ({ number, bytes }) => {
      store.memory.add(bytes.buffer);
      store.atOnce += 1;
      store.mostAtOnce = Math.max(store.mostAtOnce, store.atOnce);
      for (let left = turns(number); left > 0; left -= 1) await turn();
      store.atOnce -= 1;
      if (number === failing) throw new Error(`part ${number} failed`);
      store.parts.set(number, Buffer.from(bytes));
    },
  };
  return store;
};

const inOrder = ({ parts }: Store): Buffer =>
  Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes));

const settings = fc.record({
  pieces: fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 20 }),
  partSize: fc.integer({ min: 1, max: 64 }),
  inFlight: fc.integer({ min: 1, max: 5 }),
  turns: fc.array(fc.nat(6), { minLength: 1, maxLength: 8 }),
});
const turnsFrom = (turns: readonly number[]) => (number: number) => turns[number % turns.length] ?? 0;
const source = (pieces: readonly Uint8Array[]) => Readable.from(pieces.map((piece) => Buffer.from(piece)));
const noInspection = () => undefined;

describe('whatever the pieces, the part size, the window and the order in which parts arrive', () => {
  test('the parts are the bytes, of equal size but for the last, in bounded memory', async () => {
    await fc.assert(
      fc.asyncProperty(settings, async ({ pieces, partSize, inFlight, turns }) => {
        const store = createStore(turnsFrom(turns));
        const inspected: Buffer[] = [];
        const inspect = (bytes: Buffer) => void inspected.push(Buffer.from(bytes));
        await pipeline(source(pieces), createPartWriter({ partSize, inFlight, inspect, send: store.send }));
        const whole = Buffer.concat(pieces);
        expect(inOrder(store).equals(whole)).toBe(true);
        expect(Buffer.concat(inspected).equals(whole)).toBe(true);
        const count = Math.ceil(whole.length / partSize);
        expect([...store.parts.keys()].sort((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, i) => i + 1),
        );
        for (let number = 1; number < count; number += 1)
          expect(store.parts.get(number)).toHaveLength(partSize);
        expect(store.mostAtOnce).toBeLessThanOrEqual(inFlight);
        expect(store.memory.size).toBeLessThanOrEqual(inFlight + 1);
      }),
      { numRuns: 300 },
    );
  });

  test('a part that fails ends it with its own error, and nothing is on its way afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(settings, fc.integer({ min: 1, max: 12 }), async (given, failing) => {
        const { pieces, partSize, inFlight, turns } = given;
        fc.pre(Buffer.concat(pieces).length > (failing - 1) * partSize);
        const store = createStore(turnsFrom(turns), failing);
        const writer = createPartWriter({ partSize, inFlight, inspect: noInspection, send: store.send });
        await expect(pipeline(source(pieces), writer)).rejects.toThrow(`part ${failing} failed`);
        expect(store.atOnce).toBe(0);
        const arrived = store.parts.size;
        for (let left = 10; left > 0; left -= 1) await turn();
        expect([store.atOnce, store.parts.size]).toEqual([0, arrived]);
      }),
      { numRuns: 300 },
    );
  });

  test('an abort, or a source that breaks, ends it, and nothing is on its way afterwards', async () => {
    await fc.assert(
      fc.asyncProperty(settings, fc.nat(8), fc.boolean(), async (given, after, isAbort) => {
        const { pieces, partSize, inFlight, turns } = given;
        const store = createStore(turnsFrom(turns));
        const writer = createPartWriter({ partSize, inFlight, inspect: noInspection, send: store.send });
        const controller = new AbortController();
        const endless = Readable.from(
          (async function* () {
            for (let left = after; left > 0; left -= 1) {
              yield* pieces.map((piece) => Buffer.from(piece));
              await turn();
            }
            if (!isAbort) throw new Error('the source broke');
            controller.abort(new Error('the time ended'));
            while (true) {
              yield Buffer.alloc(partSize);
              await turn();
            }
          })(),
        );
        await expect(pipeline(endless, writer, { signal: controller.signal })).rejects.toThrow(
          isAbort ? /aborted/ : 'the source broke',
        );
        expect(store.atOnce).toBe(0);
        for (let left = 10; left > 0; left -= 1) await turn();
        expect(store.atOnce).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

test('when all buffers are on their way the source waits', async () => {
  let arrive: () => void = () => undefined;
  const gate = new Promise<void>((open) => {
    arrive = open;
  });
  let read = 0;
  const bytes = Readable.from(
    (function* () {
      for (; read < 1000; read += 1) yield Buffer.alloc(10);
    })(),
    { highWaterMark: 1 },
  );
  const writer = createPartWriter({ partSize: 10, inFlight: 2, inspect: noInspection, send: () => gate });
  const done = pipeline(bytes, writer);
  for (let left = 50; left > 0; left -= 1) await turn();
  // Three buffers, and what the streams themselves hold (16 KiB is Writable's high-water mark in bytes).
  expect(read * 10).toBeLessThanOrEqual(3 * 10 + 16 * 1024 + 100);
  arrive();
  await done;
  expect(read).toBe(1000);
});

test('an inspection that throws ends it before those bytes are sent', async () => {
  const store = createStore(() => 0);
  let seen = 0;
  const inspect = ({ length }: Buffer) => {
    seen += length;
    if (seen > 20) throw new Error('too much');
  };
  const writer = createPartWriter({ partSize: 10, inFlight: 1, inspect, send: store.send });
  await expect(pipeline(source(Array(5).fill(Buffer.alloc(10))), writer)).rejects.toThrow('too much');
  expect(inOrder(store).length).toBeLessThanOrEqual(20);
});
