import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Download, DownloadConnections, ImageBytes } from '../../../lib/download/download.ts';
import { GlanceDownload } from '../../../lib/download/glance-download.ts';
import { createUriFilter } from '../../../lib/download/uri-filter.ts';
import { WebDownload } from '../../../lib/download/web-download.ts';
import { FerryError } from '../../../lib/errors.ts';
import { callersToken } from '../../../lib/openstack/credentials.ts';
import { createGlance } from '../../../lib/openstack/glance/glance.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import type { ImageId, Token } from '../../../lib/schemas/ids.ts';
import { readAll } from '../byte-readers.ts';
import { type Answer, type ScriptedServer, startScriptedServer } from '../scripted-server.ts';

const token = 'gAAAAA-very-secret' as Token;
const imageId = '11111111-1111-1111-1111-111111111111' as ImageId;
const live = new AbortController().signal;
const http = createOpenStackHttp({ stallMs: 500 });
const open = { allowed: [], disallowed: [] };
let server: ScriptedServer;
let elsewhere: ScriptedServer;
let connections: DownloadConnections;

beforeAll(async () => {
  [server, elsewhere] = await Promise.all([startScriptedServer(), startScriptedServer()]);
  const hosts = { allowed: ['127.0.0.1'], disallowed: [] };
  const filter = createUriFilter({ schemes: { allowed: ['http'], disallowed: [] }, hosts, ports: open });
  connections = { direct: http.data, filtered: { lookup: filter.lookup, stallMs: 500 }, filter };
});
beforeEach(() => {
  server.script({ status: 500 });
  elsewhere.script({ status: 200, text: 'elsewhere' });
});
afterAll(async () => {
  await http.small.close();
  await Promise.all([server.stop(), elsewhere.stop()]);
});

const fromGlance = (): Download => {
  const credentials = callersToken(token);
  const glance = createGlance(server.url, credentials, http);
  return new GlanceDownload({ region: 'REGION1', imageId, glance, credentials }, connections);
};
const fromWeb = (path = '/image?signature=secret'): Download =>
  new WebDownload(`${server.url}${path}`, connections);
const sources = [
  ['an image of Glance', fromGlance],
  ['a URL', fromWeb],
] as const;

const textOf = async ({ body }: ImageBytes): Promise<string> => (await readAll(body)).toString();

const failureOf = async (promise: Promise<unknown>): Promise<FerryError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (!(error instanceof FerryError)) throw new Error('no FerryError', { cause: error });
  expect(error.explanation).not.toContain('secret');
  return error;
};
const redirectTo = (location: string, status = 302): Answer => ({ status, headers: { location } });

describe.each(sources)('%s', (_, source) => {
  test('is opened anew each time, from its first byte, with its length', async () => {
    server.script({ status: 200, text: 'bytes', headers: { 'content-length': '5' } });
    for (let turn = 0; turn < 2; turn += 1) {
      const opened = await source().open({ signal: live });
      expect([opened.length, await textOf(opened)]).toEqual([5, 'bytes']);
    }
    expect(server.seen.map(({ method, headers }) => [method, headers.range])).toEqual([
      ['GET', undefined],
      ['GET', undefined],
    ]);
  });

  test('of unknown length has none', async () => {
    server.script({ status: 200, text: 'bytes', headers: { 'transfer-encoding': 'chunked' } });
    const opened = await source().open({ signal: live });
    expect([opened.length, await textOf(opened)]).toEqual([undefined, 'bytes']);
  });

  test.each([301, 302, 303, 307, 308])(
    'is followed by a %i to another server, which never sees the token',
    async (status) => {
      server.script(redirectTo(`${elsewhere.url}/there?signature=secret`, status));
      expect(await textOf(await source().open({ signal: live }))).toBe('elsewhere');
      const [request] = elsewhere.seen;
      expect(request).toMatchObject({ method: 'GET', path: '/there?signature=secret' });
      expect(JSON.stringify(request?.headers)).not.toContain(token);
    },
  );

  test('is followed by a relative redirect to the same server, without the token', async () => {
    server.script(redirectTo('../moved'), { status: 200, text: 'moved' });
    expect(await textOf(await source().open({ signal: live }))).toBe('moved');
    expect(server.seen[1]?.headers).not.toHaveProperty('x-auth-token');
  });

  test.each([
    'http://localhost:1/x?secret',
    'http://169.254.169.254/latest/meta-data/',
    'https://127.0.0.1/',
    'file:///etc/passwd',
    'http://user:secret@127.0.0.1/',
  ])('is not followed to %s', async (location) => {
    server.script(redirectTo(location));
    const error = await failureOf(source().open({ signal: live }));
    expect(error.code).toBe('data-mismatch');
    expect(error.message).toContain('Redirect to disallowed URL: ');
    expect(elsewhere.seen).toEqual([]);
  });

  test('of any length is shown as far as a sentence goes', async () => {
    server.script(redirectTo(`http://169.254.169.254/${'a'.repeat(60_000)}`));
    const { message } = await failureOf(source().open({ signal: live }));
    expect(message).toMatch(/Redirect to disallowed URL: http:\/\/169\.254\.169\.254\/a+…$/);
    expect(message.length).toBeLessThan(1000);
  });

  test.each([
    ['in UTF-8', Buffer.from('/größe.qcow2').toString('latin1'), '/gr%C3%B6%C3%9Fe.qcow2'],
    ['in Latin-1', '/größe.qcow2', '/gr%F6%DFe.qcow2'],
    ['as it should be', '/gr%C3%B6%C3%9Fe.qcow2?a=%20', '/gr%C3%B6%C3%9Fe.qcow2?a=%20'],
  ])('is followed to a name %s by its bytes', async (_how, location, path) => {
    server.script(
      (_request, response) => {
        response.socket?.end(Buffer.from(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\n\r\n`, 'latin1'));
      },
      { status: 200, text: 'bytes' },
    );
    expect(await textOf(await source().open({ signal: live }))).toBe('bytes');
    expect(server.seen[1]?.path).toBe(path);
  });

  test('that is framed in two ways can never be copied', async () => {
    server.script((_request, response) => {
      const both = 'Content-Length: 5\r\nTransfer-Encoding: chunked';
      response.socket?.end(`HTTP/1.1 200 OK\r\n${both}\r\n\r\nhello`);
    });
    const error = await failureOf(source().open({ signal: live }));
    expect([error.code, error.retryable]).toEqual(['data-mismatch', false]);
  });

  test.each(['5, 5', '5,5'])('whose length is told twice (%s) has it', async (length) => {
    server.script((_request, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nhello`);
    });
    const opened = await source().open({ signal: live });
    expect([opened.length, await textOf(opened)]).toEqual([5, 'hello']);
  });

  test('is not followed for ever, nor to nowhere', async () => {
    server.script(redirectTo('/again'));
    expect((await failureOf(source().open({ signal: live }))).message).toContain('6 redirects lead nowhere');
    expect(server.seen).toHaveLength(6);
    server.script({ status: 302 });
    expect((await failureOf(source().open({ signal: live }))).message).toContain('1 redirects lead nowhere');
  });

  test.each([
    [204, 'data-mismatch'],
    [206, 'data-mismatch'],
    [300, 'bad-request'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ] as const)('that answers %i is %s, asked once', async (status, code) => {
    server.script({ status });
    expect(await failureOf(source().open({ signal: live }))).toMatchObject({ code });
    expect(server.seen).toHaveLength(1);
  });

  test('that says nothing more for a while, or breaks off, is an error of its stream', async () => {
    server.script((_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('begin');
    });
    await expect(textOf(await source().open({ signal: live }))).rejects.toThrow('no byte came in 0.5 s');
    server.script((_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('begin');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(textOf(await source().open({ signal: live }))).rejects.toThrow();
  });

  test('keeps the reason of an abort', async () => {
    const reason = new FerryError('out-of-time', 'the time ended');
    expect(await failureOf(source().open({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});

const partial = (contentRange: string | undefined, text = 'abc'): Answer => ({
  status: 206,
  text,
  headers: { 'content-length': `${text.length}`, ...(contentRange && { 'content-range': contentRange }) },
});

describe('a range', () => {
  const ask = { offset: 2, end: 5, size: 10, signal: live };

  test('is asked for inclusively, and comes as it was asked for', async () => {
    server.script(partial('bytes 2-4/10'));
    const opened = await fromGlance().open(ask);
    expect([opened.startsAt, opened.length, await textOf(opened)]).toEqual([2, 3, 'abc']);
    expect(server.seen[0]?.headers.range).toBe('bytes=2-4');
  });

  test.each([
    ['another beginning', 'bytes 1-4/10'],
    ['another end', 'bytes 2-5/10'],
    ['less than was asked for', 'bytes 2-3/10'],
    ['an image of another size', 'bytes 2-4/11'],
    ['no Content-Range', undefined],
    ['another unit', 'items 2-4/10'],
    ['two ranges', 'multipart/byteranges'],
    ['numbers that are none', 'bytes 2-4/10x'],
  ])('of %s is not of these bytes', async (_what, contentRange) => {
    server.script(partial(contentRange));
    expect(await failureOf(fromGlance().open(ask))).toMatchObject({
      code: 'data-mismatch',
      message: expect.stringContaining(
        `asked for bytes 2-4 of 10, the answer has ${contentRange ?? 'no Content-Range'}`,
      ),
    });
  });

  test('without an end must go to the image’s last byte', async () => {
    const open = { offset: 7, size: 10, signal: live };
    server.script(partial('bytes 7-9/10'));
    expect(await fromGlance().open(open)).toMatchObject({ startsAt: 7, length: 3 });
    server.script(partial('bytes 7-8/10'));
    expect((await failureOf(fromGlance().open(open))).code).toBe('data-mismatch');
  });

  test('may leave the size to whoever knows it, as proxies do', async () => {
    server.script(partial('bytes 2-4/*'));
    expect(await fromGlance().open(ask)).toMatchObject({ startsAt: 2, length: 3 });
    server.script(partial('bytes 7-9/*'));
    expect(await fromWeb().open({ offset: 7, size: 10, signal: live })).toMatchObject({ length: 3 });
  });

  test('to the end of an image whose size nobody tells could be too short', async () => {
    server.script(partial('bytes 7-9/10'));
    expect(await fromWeb().open({ offset: 7, signal: live })).toMatchObject({ startsAt: 7, length: 3 });
    server.script(partial('bytes 7-9/*'));
    expect((await failureOf(fromWeb().open({ offset: 7, signal: live }))).code).toBe('data-mismatch');
  });

  test.each([200, 400, 416, 501])('that is needed and answered %i may be tried again', async (status) => {
    server.script({ status, text: 'everything' });
    expect(await failureOf(fromGlance().open(ask))).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`it gives no ranges, it answered ${status}`),
    });
  });
});

describe.each(sources)('%s that is opened again', (_, source) => {
  const versions = [
    ['has another ETag', { etag: '"1"' }, { etag: '"2"' }, false],
    ['was modified', { 'last-modified': 'then' }, { 'last-modified': 'now' }, false],
    [
      'has another ETag of the same time',
      { etag: '"1"', 'last-modified': 'then' },
      { etag: '"2"', 'last-modified': 'then' },
      true,
    ],
    ['has the same ETag', { etag: '"1"' }, { etag: '"1"' }, true],
    ['tells nothing more', { etag: '"1"' }, {}, true],
  ] as const;
  test.each(versions)('and %s', async (_what, first, second, isSame) => {
    server.script(
      { status: 200, text: 'bytes', headers: first },
      { status: 206, text: 'abc', headers: { 'content-range': 'bytes 2-4/5', ...second } },
    );
    const opened = source();
    await textOf(await opened.open({ signal: live }));
    const again = opened.open({ offset: 2, size: 5, signal: live });
    if (isSame) expect(await textOf(await again)).toBe('abc');
    else
      expect(await failureOf(again)).toMatchObject({
        code: 'data-mismatch',
        message: expect.stringMatching(/^Failed to download .*: the source has changed while it was copied$/),
      });
  });
});

describe('whether a source has ranges', () => {
  const probe = () => fromGlance().probeRanges({ size: 10, signal: live });

  test('is asked by its first byte', async () => {
    server.script(partial('bytes 0-0/10', 'a'));
    expect(await probe()).toBe(true);
    expect(server.seen.map(({ headers }) => headers.range)).toEqual(['bytes=0-0']);
  });

  test.each([200, 400, 416, 501])('is no when it answers %i, and its bytes are not read', async (status) => {
    let written = 0;
    server.script((_request, response) => {
      response.writeHead(status, { 'content-length': 50_000_000 });
      response.write(Buffer.alloc(50_000_000), () => {
        written += 1;
      });
    });
    expect(await probe()).toBe(false);
    expect(written).toBe(0);
  });

  test.each([
    [{ status: 403 }, 'forbidden'],
    [{ status: 404 }, 'not-found'],
    [{ status: 503 }, 'unavailable'],
    [partial('bytes 0-0/11', 'a'), 'data-mismatch'],
  ] as const)('is not known when it answers %j', async (answer, code) => {
    server.script(answer);
    expect((await failureOf(probe())).code).toBe(code);
  });
});

describe('an image of Glance', () => {
  const record = { id: imageId, status: 'active', size: 7, updated_at: 'then' };
  const describeRecord = (json: object) => {
    server.script({ status: 200, json });
    return fromGlance().describe({ signal: live });
  };

  test.each([
    [
      { os_hash_algo: 'sha256', os_hash_value: 'abc', checksum: 'md5sum' },
      [
        { algorithm: 'sha256', value: 'abc' },
        { algorithm: 'md5', value: 'md5sum' },
      ],
    ],
    [
      { os_hash_algo: null, os_hash_value: null, checksum: 'md5sum' },
      [{ algorithm: 'md5', value: 'md5sum' }],
    ],
    [{ os_hash_algo: 'sha256', os_hash_value: null, checksum: null }, []],
    [{}, []],
  ])('is described by its size, its hashes and what changes with it: %j', async (more, hashes) => {
    const [hash] = hashes;
    expect(await describeRecord({ ...record, ...more })).toEqual({
      size: 7,
      hashes,
      // With a hash, a change of other attributes does not matter.
      identity: hash ? `7 bytes ${hash.algorithm} ${hash.value}` : '7 bytes then',
      isResumable: true,
      record: { ...record, ...more },
    });
  });

  test.each([
    [{ status: 'queued' }, 'Source image status should be active instead of queued'],
    [{ size: null }, `Size attribute of remote image ${imageId} could not be determined.`],
    [{ size: undefined }, `Size attribute of remote image ${imageId} could not be determined.`],
    [
      { size: 0, block_device_mapping: '[]' },
      `Source image ${imageId} is a snapshot of a volume and has no data`,
    ],
  ])('cannot be copied with %j', async (more, message) => {
    const error = await failureOf(describeRecord({ ...record, ...more }));
    expect(error.code).toBe('bad-request');
    expect(error.message).toContain(message);
  });

  test.each([
    [404, `Source image ${imageId} was not found in region REGION1`],
    [401, 'Region REGION1 does not accept the token of this import'],
    [403, `Source image ${imageId} of region REGION1: no entry`],
  ])('that the source refuses with %i is the fault of the request', async (status, message) => {
    server.script({ status, json: { message: 'no entry' } });
    expect(await failureOf(fromGlance().describe({ signal: live }))).toMatchObject({
      code: 'bad-request',
      message,
    });
  });

  test('is asked for with the token', async () => {
    server.script({ status: 200, text: '' });
    await fromGlance().open({ signal: live });
    expect(server.seen[0]).toMatchObject({
      path: `/v2/images/${imageId}/file`,
      headers: { 'x-auth-token': token },
    });
  });
});

describe('an address that a stranger chose', () => {
  const nobody = 'http://127.0.0.1:1/image';
  const silent = { stallMs: 100, headMs: 100 };
  const reachable = () => ({ ...connections, filtered: { ...connections.filtered, ...silent } });

  test.each<[string, () => string, Answer]>([
    ['refuses', () => nobody, { status: 500 }],
    ['says nothing', () => `${server.url}/image`, () => undefined],
    [
      'speaks another language',
      () => `${server.url}/image`,
      (_, { socket }) => void socket?.end('SSH-2.0-x\r\n\r\n'),
    ],
    ['breaks off', () => `${server.url}/image`, 'reset'],
  ])('and that %s is one that could not be reached, no more', async (_how, url, answer) => {
    server.script(answer);
    const told = `Failed to download ${url()}: it could not be reached`;
    const error = await failureOf(new WebDownload(url(), reachable()).open({ signal: live }));
    expect([error.code, error.explanation]).toEqual(['unavailable', told]);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('by a redirect of Glance as well', async () => {
    server.script(redirectTo(nobody));
    expect((await failureOf(fromGlance().open({ signal: live }))).explanation).toBe(
      `Failed to download image ${imageId} of region REGION1: ${nobody} could not be reached`,
    );
  });
});

describe('a URL', () => {
  test('is not described beforehand: nobody is asked', async () => {
    expect(await fromWeb().describe({ signal: live })).toEqual({
      size: undefined,
      hashes: [],
      identity: `${server.url}/image`,
      isResumable: false,
      record: undefined,
    });
    expect(server.seen).toEqual([]);
  });

  test('that does not pass is not asked for, and shown without its secrets', async () => {
    const other = new WebDownload('http://user:secret@10.0.0.1/i?secret', connections);
    expect(await failureOf(other.open({ signal: live }))).toMatchObject({
      code: 'bad-request',
      message: 'URI for web-download does not pass filtering: http://10.0.0.1/i',
    });
  });
});
