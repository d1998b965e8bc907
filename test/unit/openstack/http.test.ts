import dns from 'node:dns';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import { Agent, buildConnector } from '../../../lib/openstack/calls/undici.ts';
import { wholeAnswer } from '../../../lib/openstack/calls/whole-answer.ts';
import { type Call, callJson, createOpenStackHttp } from '../../../lib/openstack/http.ts';
import { isGlanceTasks } from '../../../lib/schemas/validators.js';
import { type Answer, type ScriptedServer, startScriptedServer } from '../scripted-server.ts';

const http = createOpenStackHttp({ stallMs: 1000 });
const token = 'gAAAAA-very-secret';
const good = { status: 200, json: { tasks: [] } };
let server: ScriptedServer;

beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(async () => {
  await http.small.close();
  await server.stop();
});

type Resolved = (error: Error) => void;

/** A GET by itself. */
const asked = (): Call => ({
  method: 'GET',
  url: `${server.url}/v2/tasks`,
  headers: {},
  signal: new AbortController().signal,
  operation: 'get the tasks',
});

const call = (more: Partial<Call> = {}): Promise<unknown> =>
  callJson(
    http.small,
    {
      method: 'GET',
      url: `${server.url}/v2/tasks`,
      headers: { 'x-auth-token': token },
      signal: new AbortController().signal,
      operation: 'get the tasks',
      ...more,
    },
    isGlanceTasks,
  );

const failure = async (more: Partial<Call> = {}): Promise<FerryError> => {
  const error = await call(more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FerryError)) throw new Error('no FerryError', { cause: error });
  expect(`${error.message} ${error.explanation}`).not.toContain(token);
  return error;
};

describe('a refusal', () => {
  test.each([
    [400, 'bad-request'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [405, 'bad-request'],
    [409, 'conflict'],
    [413, 'limit-exceeded'],
    [415, 'bad-request'],
    [300, 'bad-request'],
    [304, 'bad-request'],
  ] as const)('%i is %s, at once', async (status, code) => {
    server.script({ status }, good);
    const error = await failure();
    expect(error).toMatchObject({
      code,
      message: `Failed to get the tasks: HTTP ${status}`,
      retryable: false,
    });
    expect(server.seen).toHaveLength(1);
  });

  test('401 is unauthorized, at once, in better words than Glance has', async () => {
    server.script({ status: 401, json: { message: 'your browser does not understand how' } }, good);
    expect(await failure()).toMatchObject({
      code: 'unauthorized',
      explanation: 'Failed to get the tasks: the token is not accepted (any more)',
    });
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    [
      'of Glance, without its line breaks',
      { message: 'No image found<br /><br />\n\n\n', code: '404 Not Found' },
      'No image found',
    ],
    [
      'of Glance, and the detail after them',
      { message: 'There was a conflict.<br /><br />\nProperty x does not exist.\n\n\n' },
      'There was a conflict. Property x does not exist.',
    ],
    ['of Keystone', { error: { message: 'Could not find token', code: 404 } }, 'Could not find token'],
  ])('carries the words %s', async (_, json, message) => {
    server.script({ status: 404, json });
    const error = await failure();
    expect([error.message, error.explanation]).toEqual([message, `Failed to get the tasks: ${message}`]);
  });

  test.each([
    ['HTML', { text: '<html>a token: gAAAAA-very-secret</html>' }],
    ['JSON of another form', { json: { message: { deep: token } } }],
    ['nothing', {}],
    ['null', { json: null }],
    ['half a document', { text: '{"message": "x' }],
  ])('with a body of %s carries the status alone', async (_, body) => {
    server.script({ status: 403, ...body });
    expect((await failure()).message).toBe('Failed to get the tasks: HTTP 403');
  });
});

describe('a fault of the service', () => {
  test.each([429, 500, 502, 503, 504])('%i passes when it is gone at the second try', async (status) => {
    server.script({ status, headers: { 'retry-after': '0' } }, good);
    expect(await call()).toEqual({ tasks: [] });
    expect(server.seen).toHaveLength(2);
  });

  test('is tried three times more and no longer, and its words stay in the log', async () => {
    server.script({ status: 503, json: { message: 'db password: x' }, headers: { 'retry-after': '0' } });
    const error = await failure();
    expect(error).toMatchObject({
      code: 'unavailable',
      message: 'Failed to get the tasks: HTTP 503',
      retryable: true,
    });
    expect(server.seen).toHaveLength(4);
  });

  test('is tried again when Retry-After says so', async () => {
    server.script({ status: 429, headers: { 'retry-after': '1' } }, good);
    const start = performance.now();
    await call();
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  test('in the form of a broken connection is tried again', async () => {
    server.script('reset', 'reset', good);
    expect(await call()).toEqual({ tasks: [] });
    expect(server.seen).toHaveLength(3);
  });

  test('501 is not tried again here; the queue may', async () => {
    server.script({ status: 501 }, good);
    expect(await failure()).toMatchObject({ code: 'unavailable' });
    expect(server.seen).toHaveLength(1);
  });

  test('is not tried again for POST, which may have worked', async () => {
    server.script('reset', good);
    expect(await failure({ method: 'POST', body: '{}' })).toMatchObject({ code: 'unavailable' });
    expect(server.seen).toHaveLength(1);
  });
});

describe('an answer', () => {
  test.each([
    ['of another form', { json: { tasks: 'none' } }],
    ['without JSON', { text: 'ok' }],
    ['with nothing in it', {}],
  ])('%s makes the service unavailable', async (_, body) => {
    server.script({ status: 200, ...body });
    expect(await failure()).toMatchObject({ code: 'unavailable' });
  });

  const half: Answer = (_request, response) => {
    response.writeHead(200, { 'content-length': 100, etag: '"1"' });
    response.write('{"tasks":');
    setTimeout(() => response.socket?.destroy(), 20);
  };

  test('that breaks off in its middle is asked for anew, whole', async () => {
    server.script(half, half, good);
    expect(await call()).toEqual({ tasks: [] });
    expect(server.seen.map(({ headers }) => headers.range)).toEqual([undefined, undefined, undefined]);
  });

  test('that breaks off at every try makes the service unavailable', async () => {
    server.script(half);
    expect(await failure()).toMatchObject({ code: 'unavailable' });
    expect(server.seen).toHaveLength(4);
  });

  test('that is HTML instead of JSON fails without its text, which may hold a token', async () => {
    server.script({ status: 200, text: `<html>${token}</html>` });
    expect((await failure()).message).toBe('Failed to get the tasks: the answer is not of the expected form');
  });
});

describe('an abort', () => {
  const reason = new FerryError('out-of-time', 'the time ended');

  test('before the call keeps its reason and sends nothing', async () => {
    server.script(good);
    expect(await failure({ signal: AbortSignal.abort(reason) })).toBe(reason);
    expect(server.seen).toHaveLength(0);
  });

  test.each([
    ['for an answer', () => undefined],
    ['for another try', { status: 503, headers: { 'retry-after': '5' } }],
  ] as const)('while it waits %s keeps its reason and ends the wait', async (_, answer) => {
    server.script(answer);
    const controller = new AbortController();
    const failed = failure({ signal: controller.signal });
    await expect.poll(() => server.seen).toHaveLength(1);
    const start = performance.now();
    controller.abort(reason);
    expect(await failed).toBe(reason);
    expect(performance.now() - start).toBeLessThan(4000);
    expect(server.seen).toHaveLength(1);
  });
});

test.each([
  ['nobody listens', 'http://127.0.0.1:1/', 'connect ECONNREFUSED 127.0.0.1:1'],
  ['the name is unknown', 'http://no-such-host.invalid/', 'no-such-host.invalid'],
  ['the URL is none', 'http://:0/', ''],
])('where %s, the operation is named and the service unavailable', async (_, url, reason) => {
  const error = await failure({ url, method: 'POST', body: '{}' });
  expect(error.code).toBe('unavailable');
  expect(error.message).toMatch(/^Failed to get the tasks: /);
  expect(error.message).toContain(reason);
});

describe('an answer that drips', () => {
  /** A byte every 20 ms, for ever. */
  const dripping: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drip));
  };

  test('is given up, whatever comes of it', async () => {
    server.script(dripping);
    const retries = { most: 0, statuses: [], firstDelayMs: 1 };
    expect(await failure({ withinMs: 200, retries })).toMatchObject({
      code: 'unavailable',
      message: 'Failed to get the tasks: no whole answer came within 200 ms',
    });
  });

  test('is asked for anew', async () => {
    server.script(dripping, good);
    expect(await call({ withinMs: 200 })).toEqual(good.json);
  });
});

describe('a connection that is not made', () => {
  afterEach(() => void vi.restoreAllMocks());
  const local = () => server.url.replace('127.0.0.1', 'localhost');

  test('since the resolver is away for a moment (EAI_AGAIN) is tried again', async () => {
    const away = Object.assign(new Error('getaddrinfo EAI_AGAIN localhost'), { code: 'EAI_AGAIN' });
    const lookup = vi
      .spyOn(dns, 'lookup')
      .mockImplementationOnce(
        ((_: string, __: unknown, done: Resolved) => void process.nextTick(done, away)) as typeof dns.lookup,
      );
    server.script(good);
    expect(await call({ url: `${local()}/v2/tasks` })).toEqual(good.json);
    expect(lookup.mock.calls.length).toBeGreaterThan(1);
  });
});

describe('a try that ends by a limit of undici’s is made again:', () => {
  test('no connection within its time', async () => {
    const connect = buildConnector({});
    let tries = 0;
    const late = new Agent({
      connect: (options, callback) => {
        tries += 1;
        if (tries > 1) return connect(options, callback);
        return callback(
          Object.assign(new Error('Connect Timeout'), { code: 'UND_ERR_CONNECT_TIMEOUT' }),
          null,
        );
      },
    });
    server.script(good);
    const answer = await wholeAnswer(late, asked());
    expect({ status: answer.statusCode, tries }).toEqual({ status: 200, tries: 2 });
    await late.close();
  });

  test('no head within its time', async () => {
    const impatient = new Agent({ headersTimeout: 300 });
    server.script(() => undefined, good);
    expect(await wholeAnswer(impatient, asked())).toMatchObject({ statusCode: 200 });
    expect(server.seen).toHaveLength(2);
    await impatient.close();
  });
});
