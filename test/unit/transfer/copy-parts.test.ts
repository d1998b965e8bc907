import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredPart } from '../../../lib/state/copy.ts';
import { type CopyOptions, copyParts } from '../../../lib/transfer/copy-parts.ts';
import { readerOf } from '../byte-readers.ts';
import { partChecksum } from '../part-checksum.ts';

const etagOf = (bytes: Uint8Array): string => `"${createHash('md5').update(bytes).digest('hex')}"`;
const from = (pieces: readonly Uint8Array[]) => readerOf(pieces);

/** A store that keeps ETags, and a list of its checkpoints in their order. */
const createStore = () => {
  const sent = new Map<number, string>();
  const checkpoints: { part: StoredPart; copiedBytes: number }[] = [];
  const port = {
    send: async ({ number, bytes, checksum }: Parameters<CopyOptions['send']>[0]) => {
      for (let left = number % 4; left > 0; left -= 1) await turn();
      expect(checksum).toBe(partChecksum('crc32', bytes));
      sent.set(number, etagOf(bytes));
      return etagOf(bytes);
    },
    checkpoint: async (part: StoredPart, copiedBytes: number) => {
      checkpoints.push({ part, copiedBytes });
    },
  };
  return { sent, checkpoints, port };
};

const options = (
  given: Partial<CopyOptions> & Pick<CopyOptions, 'source' | 'send' | 'checkpoint'>,
): CopyOptions => ({
  partSize: 16,
  buffers: 3,
  algorithms: ['sha512'],
  partAlgorithm: 'crc32',
  stored: new Map(),
  ...given,
});

const pieces = fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 12 });
const partSize = fc.integer({ min: 1, max: 40 });
const partsOf = (whole: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => whole.subarray(i * size, (i + 1) * size));

describe('a copy', () => {
  test('has the size, the digests and the parts of its source, and a checkpoint for each part', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, partSize, async (given, size) => {
        const store = createStore();
        const algorithms = ['sha512', 'md5'];
        const copied = await copyParts(
          options({ source: from(given), ...store.port, partSize: size, algorithms }),
        );
        const whole = Buffer.concat(given);
        const digestOf = (name: string) => createHash(name).update(whole).digest('hex');
        const parts = partsOf(whole, size).map((bytes, i) => ({
          number: i + 1,
          etag: etagOf(bytes),
          size: bytes.length,
          checksum: partChecksum('crc32', bytes),
        }));
        expect(copied).toEqual({
          size: whole.length,
          digests: { sha512: digestOf('sha512'), md5: digestOf('md5') },
          parts,
        });
        const saved = store.checkpoints.map(({ part }) => part).sort((a, b) => a.number - b.number);
        expect(saved).toEqual(parts);
        const counted = store.checkpoints.map(({ copiedBytes }) => copiedBytes);
        expect(counted).toEqual([...counted].sort((a, b) => a - b));
        expect(counted.at(-1) ?? 0).toBe(whole.length);
      }),
      { numRuns: 200 },
    );
  });

  test('sends only those parts that the store does not have with the same bytes', async () => {
    const changed = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, partSize, changed, async (given, size, changes) => {
        const first = createStore();
        const whole = Buffer.concat(given);
        const before = await copyParts(options({ source: from(given), ...first.port, partSize: size }));
        const stored = new Map(before.parts.map((part) => [part.number, part]));
        const edited = Buffer.from(whole);
        const isChanged = (number: number) => changes[number % changes.length] === true;
        for (let i = 0; i < whole.length; i += size)
          if (isChanged(i / size + 1)) edited[i] = (edited[i] ?? 0) ^ 0xff;

        const second = createStore();
        const after = await copyParts(
          options({ source: from([edited]), ...second.port, partSize: size, stored }),
        );
        expect([...second.sent.keys()].sort((a, b) => a - b)).toEqual(
          before.parts.map(({ number }) => number).filter(isChanged),
        );
        expect(after.parts.map(({ etag }) => etag)).toEqual(partsOf(edited, size).map(etagOf));
        expect(after.digests['sha512']).toBe(createHash('sha512').update(edited).digest('hex'));
      }),
      { numRuns: 200 },
    );
  });

  test('goes on where the stored parts end: the parts are those of the whole, and no digest is claimed', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, partSize, fc.nat(12), async (given, size, end) => {
        const whole = Buffer.concat(given);
        const before = await copyParts(
          options({ source: from(given), ...createStore().port, partSize: size }),
        );
        const stored = new Map(before.parts.slice(0, end).map((part) => [part.number, part]));
        const last = Math.max(0, Math.ceil(whole.length / size) - 1);
        const offset = Math.min(stored.size, last) * size;

        const second = createStore();
        const source = from([whole.subarray(offset)]);
        const after = await copyParts(options({ source, offset, ...second.port, partSize: size, stored }));
        expect([after.size, after.parts]).toEqual([before.size, before.parts]);
        expect([...second.sent.keys()].every((number) => !stored.has(number))).toBe(true);
        expect(Object.keys(after.digests)).toEqual(offset === 0 ? ['sha512'] : []);
      }),
      { numRuns: 200 },
    );
  });

  test('sends a part again whose length alone has changed', async () => {
    const store = createStore();
    const known = { number: 1, etag: 'old', size: 7, checksum: partChecksum('crc32', Buffer.from('abc')) };
    const source = from([Buffer.from('abc')]);
    await copyParts(options({ source, ...store.port, stored: new Map([[1, known]]) }));
    expect([...store.sent.keys()]).toEqual([1]);
  });

  test('tells of every part read as it comes, and ends when it is told to', async () => {
    const store = createStore();
    const read: number[] = [];
    const inspect = (bytes: number) => {
      read.push(bytes);
      if (bytes > 30) throw new Error('more than 30 bytes came');
    };
    const source = from(Array.from({ length: 9 }, () => Buffer.alloc(10)));
    await expect(copyParts(options({ source, ...store.port, inspect }))).rejects.toThrow(
      'more than 30 bytes came',
    );
    expect(read).toEqual([16, 32]);
    expect(source.isClosed()).toBe(true);
  });

  test('ends with the first thing that fails: the source, the store or a checkpoint', async () => {
    const { port } = createStore();
    const fails = (what: string) => () => Promise.reject(new Error(`${what} failed`));
    const source = () => from([Buffer.alloc(100)]);
    const broken = readerOf([Buffer.alloc(10)], new Error('source failed'));
    await expect(copyParts(options({ ...port, source: broken }))).rejects.toThrow('source failed');
    await expect(copyParts(options({ ...port, source: source(), send: fails('send') }))).rejects.toThrow(
      'send failed',
    );
    await expect(
      copyParts(options({ ...port, source: source(), checkpoint: fails('checkpoint') })),
    ).rejects.toThrow('checkpoint failed');
  });

  test('does not wait for a source that is silent when the store has failed, and closes it', async () => {
    const source = readerOf([Buffer.alloc(20)], 'silence');
    const send = () => Promise.reject(new Error('send failed'));
    await expect(copyParts(options({ ...createStore().port, source, send }))).rejects.toThrow('send failed');
    expect(source.isClosed()).toBe(true);
  });

  test('ends only when nothing is on its way any more', async () => {
    let onTheirWay = 0;
    const send: CopyOptions['send'] = async ({ number }) => {
      onTheirWay += 1;
      for (let left = 20; left > 0; left -= 1) await turn();
      onTheirWay -= 1;
      if (number === 1) throw new Error('the first one failed');
      return 'etag';
    };
    const source = from([Buffer.alloc(100)]);
    await expect(copyParts(options({ ...createStore().port, source, send }))).rejects.toThrow('first one');
    expect(onTheirWay).toBe(0);
  });

  test('has no more parts in memory than it may', async () => {
    let [held, most] = [0, 0];
    const send: CopyOptions['send'] = async () => {
      held += 1;
      most = Math.max(most, held);
      for (let left = 5; left > 0; left -= 1) await turn();
      held -= 1;
      return 'etag';
    };
    await copyParts(options({ ...createStore().port, source: from([Buffer.alloc(400)]), send, buffers: 4 }));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });

  test.each(['crc32', 'md5', 'sha256'] as const)(
    'has the %s of each part for the store, and for another try',
    async (partAlgorithm) => {
      const sums: string[] = [];
      const send: CopyOptions['send'] = async ({ checksum }) => {
        sums.push(checksum);
        return 'etag';
      };
      const bytes = Buffer.from('0123456789'.repeat(3));
      const { port } = createStore();
      const { parts } = await copyParts(options({ ...port, source: from([bytes]), send, partAlgorithm }));
      const expected = partsOf(bytes, 16).map((part) => partChecksum(partAlgorithm, part));
      expect(sums).toEqual(expected);
      expect(parts.map(({ checksum }) => checksum)).toEqual(expected);
    },
  );

  test('of an algorithm that nobody knows fails, and the next copy works', async () => {
    const { port } = createStore();
    const bytes = [Buffer.from('abc')];
    await expect(
      copyParts(options({ ...port, source: from(bytes), algorithms: ['none'] })),
    ).rejects.toThrow();
    await expect(copyParts(options({ ...port, source: from(bytes) }))).resolves.toMatchObject({ size: 3 });
  });
});
