import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ByteSource } from '../../../lib/download/download.ts';
import { GlanceDownload } from '../../../lib/download/glance-download.ts';
import { startReading } from '../../../lib/download/reading.ts';
import { createUriFilter } from '../../../lib/download/uri-filter.ts';
import { UnframedAnswer } from '../../../lib/http/framing/faults.ts';
import { callersToken } from '../../../lib/openstack/credentials.ts';
import { createGlance } from '../../../lib/openstack/glance/glance.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import type { ImageId, Token } from '../../../lib/schemas/ids.ts';
import type { FaultKind } from '../../cloud/openstack/glance/faults.ts';
import type { Glance } from '../../cloud/openstack/glance/glance.ts';
import { type OpenStack, startOpenStack } from '../../cloud/openstack/openstack.ts';
import { readAll } from '../byte-readers.ts';
import { openedSockets } from '../opened-sockets.ts';

const MiB = 1024 ** 2;
const bytes = randomBytes(3 * MiB);
const size = bytes.length;
const budget = { retries: 2, firstDelayMs: 1 };
const live = new AbortController().signal;
const http = createOpenStackHttp({ stallMs: 300 });
const none = { allowed: [], disallowed: [] };
const filter = createUriFilter({ schemes: none, hosts: none, ports: none });
const connections = { direct: http.data, filtered: { stallMs: 300 }, filter };

let dataDir: string;
let openstack: OpenStack;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-reading-'));
  openstack = await startOpenStack({ dataDir, glance: { REGION2: { store: 'object' } } });
});
afterAll(async () => {
  await Promise.all([openstack.stop(), http.small.close()]);
  await rm(dataDir, { recursive: true, force: true });
});

const stores = [
  ['a store with ranges', 'REGION1'],
  ['a store without ranges', 'REGION2'],
] as const;

describe.each(stores)('an image in %s', (_, region) => {
  let glance: Glance;
  let id: string;

  beforeEach(async () => {
    glance = openstack.regions[region];
    glance.clearFaults();
    ({ id } = await glance.createImage({ disk_format: 'raw', container_format: 'bare' }, bytes));
    glance.clearRequests();
  });

  const open = ({
    size: told = size as number | undefined,
    offset = 0,
    end = undefined as number | undefined,
    signal = live,
  }) => {
    const credentials = callersToken(openstack.issueToken('demo') as Token);
    const port = createGlance(glance.url, credentials, http);
    const source = { region, imageId: id as ImageId, glance: port, credentials };
    const download = new GlanceDownload(source, connections);
    return startReading(download, { size: told, offset, ...(end && { end }), budget, signal });
  };
  const read = async (options: Parameters<typeof open>[0] = {}): Promise<Buffer> => {
    const reading = await open(options);
    expect(reading.size).toBe(size);
    return await readAll(reading);
  };
  const fault = (kind: FaultKind, times = 1) => glance.fault(id, { ...kind, on: 'get-file', times });
  const downloads = () => glance.requests().filter(({ path }) => path.endsWith('/file'));
  const ranges = () => downloads().map(({ status }) => status);

  test('is read in one request when nothing happens', async () => {
    expect((await read()).equals(bytes)).toBe(true);
    expect(downloads()).toHaveLength(1);
  });

  test('has the size that the answer says, when nobody knows it before', async () => {
    expect((await read({ size: undefined })).equals(bytes)).toBe(true);
  });

  const survived: readonly [string, FaultKind][] = [
    ['a connection that is reset', { kind: 'drop-after', bytes: 2 * MiB }],
    ['a connection that is closed early', { kind: 'close-after', bytes: 2 * MiB }],
    ['a source that stalls', { kind: 'stall-after', bytes: 2 * MiB }],
    ['a source that is overloaded', { kind: 'status', status: 503 }],
    ['a source that asks to be left alone', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
  ];
  test.each(survived)('survives %s', async (_name, kind) => {
    fault(kind);
    expect((await read()).equals(bytes)).toBe(true);
  });

  test('is opened again where it ended', async () => {
    fault({ kind: 'drop-after', bytes: 2 * MiB });
    await read();
    // Where a range is refused, the whole is read again and its beginning thrown away.
    expect(ranges()).toEqual(region === 'REGION1' ? [200, 206] : [200, 400, 200]);
  });

  test('begins at an offset, or at its first byte where the store has no ranges', async () => {
    const reading = await open({ offset: MiB });
    const startsAt = region === 'REGION1' ? MiB : 0;
    expect([reading.size, reading.startsAt]).toEqual([size, startsAt]);
    expect((await readAll(reading)).equals(bytes.subarray(startsAt))).toBe(true);
  });

  test('is read up to a byte, also when its connection breaks; without ranges it fails', async () => {
    const range = { offset: MiB, end: 2 * MiB + 7 };
    fault({ kind: 'drop-after', bytes: MiB / 2 });
    if (region === 'REGION2') {
      await expect(open(range)).rejects.toMatchObject({ code: 'unavailable' });
      return;
    }
    const reading = await open(range);
    expect((await readAll(reading)).equals(bytes.subarray(MiB, 2 * MiB + 7))).toBe(true);
    const asked = downloads().map(({ headers }) => headers['range']);
    expect(asked[0]).toBe(`bytes=${MiB}-${2 * MiB + 6}`);
    expect(asked[1]).toMatch(new RegExp(`^bytes=1[0-9]+-${2 * MiB + 6}$`));
  });

  test('is read in ranges by one connection, if they are read to their ends', async () => {
    if (region === 'REGION2') return;
    const opened = await openedSockets(async () => {
      for (let offset = 0; offset < size; offset += MiB) {
        const reading = await open({ offset, end: offset + MiB });
        expect((await readAll(reading)).equals(bytes.subarray(offset, offset + MiB))).toBe(true);
        reading.close();
      }
    });
    expect(downloads()).toHaveLength(3);
    expect(opened).toBeLessThanOrEqual(1);
  });

  test('waits as long as Retry-After says', async () => {
    fault({ kind: 'status', status: 429, headers: { 'retry-after': '1' } });
    const startedMs = Date.now();
    await read();
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(990);
  });

  test('may break as often as it likes while bytes come, and fails when none come any more', async () => {
    for (const mebibytes of [1, 2]) fault({ kind: 'close-after', bytes: mebibytes * MiB }, 2);
    expect((await read()).equals(bytes)).toBe(true);
    fault({ kind: 'close-after', bytes: 0 }, 9);
    await expect(read()).rejects.toThrow();
    expect(downloads().length).toBeLessThan(12);
  });

  test('whose file is cut short on its disk fails for good, at the byte where it ends', async () => {
    fault({ kind: 'truncated', bytes: 2 * MiB }, 99);
    await expect(read()).rejects.toMatchObject({
      code: 'data-mismatch',
      retryable: false,
      message: expect.stringMatching(
        /^Failed to copy image \S+ of region \S+: the source ends at byte 2097152 of 3145728$/,
      ),
    });
  });

  test.each<FaultKind>([
    { kind: 'drop-after', bytes: 0 },
    { kind: 'stall-after', bytes: 0 },
    { kind: 'status', status: 503 },
  ])('that ends early once, and fails by %j then, may be whole at a later try', async (kind) => {
    fault({ kind: 'truncated', bytes: 2 * MiB });
    fault(kind, 9);
    await expect(read()).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  test('that is shorter than its record fails at once, and says by how much', async () => {
    fault({ kind: 'short-body', bytes: MiB }, 9);
    await expect(read()).rejects.toMatchObject({
      code: 'data-mismatch',
      message: expect.stringMatching(
        /^Failed to copy image \S+ of region \S+: got 1048576 bytes instead of 3145728$/,
      ),
    });
    expect(downloads()).toHaveLength(1);
  });

  test('that wants to be left alone for long is left to the queue', async () => {
    fault({ kind: 'status', status: 429, headers: { 'retry-after': '31' } }, 9);
    await expect(read()).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      retryAfterMs: 31_000,
    });
    expect(downloads()).toHaveLength(1);
  });

  test('that is refused fails at once', async () => {
    fault({ kind: 'status', status: 403 }, 9);
    await expect(read()).rejects.toMatchObject({ code: 'forbidden' });
    expect(downloads()).toHaveLength(1);
  });

  test('is left alone after an abort, also while it waits for another try', async () => {
    fault({ kind: 'status', status: 429, headers: { 'retry-after': '25' } }, 9);
    const controller = new AbortController();
    const reading = read({ signal: controller.signal });
    setTimeout(() => controller.abort(new Error('the time ended')), 100);
    await expect(reading).rejects.toThrow('the time ended');
    expect(downloads()).toHaveLength(1);
  });

  test('is left alone when nobody reads it any more, also while it waits for another try', async () => {
    fault({ kind: 'close-after', bytes: MiB });
    fault({ kind: 'status', status: 429, headers: { 'retry-after': '25' } }, 9);
    const reading = await open({});
    const rest = readAll(reading);
    await expect.poll(() => downloads().length).toBe(2);
    reading.close();
    await expect(rest).rejects.toThrow('nobody reads');
    expect(downloads()).toHaveLength(2);
  });
});

describe('a source that does not tell its length', () => {
  /** Bytes in one piece, then the end, or what a connection does there. */
  const told = (content: Buffer, atEnd: () => Promise<number> = async () => 0): ByteSource => ({
    name: 'image 1',
    open: async () => {
      let left = content;
      const fill = async (target: Buffer): Promise<number> => {
        const length = left.copy(target);
        left = left.subarray(length);
        return length > 0 ? length : await atEnd();
      };
      return { startsAt: 0, length: undefined, body: { fill, close: () => undefined } };
    },
  });
  const read = async (source: ByteSource) =>
    await readAll(await startReading(source, { size: 4, budget, signal: live }));

  test('and has more than its record says is refused, not cut', async () => {
    await expect(read(told(Buffer.from('12345')))).rejects.toMatchObject({
      code: 'data-mismatch',
      message: 'Failed to copy image 1: the source goes on after its 4 bytes',
    });
  });

  test('and has what its record says is whole, also when its connection breaks behind the last byte', async () => {
    expect((await read(told(Buffer.from('1234')))).toString()).toBe('1234');
    const broken = told(Buffer.from('1234'), () => Promise.reject(new Error('reset')));
    expect((await read(broken)).toString()).toBe('1234');
  });

  test('and goes on with what is no chunk is refused', async () => {
    const odd = told(Buffer.from('1234'), () => Promise.reject(new UnframedAnswer('no chunk')));
    await expect(read(odd)).rejects.toMatchObject({ code: 'data-mismatch' });
  });

  test('and ends at the same byte at every try ends there for good', async () => {
    await expect(read(told(Buffer.alloc(0)))).rejects.toMatchObject({
      code: 'data-mismatch',
      message: 'Failed to copy image 1: the source ends at byte 0 of 4',
    });
  });

  test('whose reader has a mistake of ours is internal, and is not tried again', async () => {
    let opened = 0;
    const source: ByteSource = {
      name: 'image 1',
      open: async () => {
        opened += 1;
        const fill = () => Promise.reject(new TypeError("Cannot read properties of undefined (reading 'x')"));
        return { startsAt: 0, length: 4, body: { fill, close: () => undefined } };
      },
    };
    await expect(read(source)).rejects.toMatchObject({ code: 'internal' });
    expect(opened).toBe(1);
  });
});
