import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { FaultKind } from './glance/faults.ts';
import { formats, hello, useOpenStack } from './use-openstack.ts';

const use = useOpenStack();
const source = () => use().cloud.regions.REGION1;

describe('a download that goes wrong', () => {
  const body = async (fault: FaultKind, headers: Record<string, string> = {}): Promise<Buffer> => {
    const { id } = await source().createImage(formats, hello);
    source().fault(id, { on: 'get-file', ...fault });
    return use().download(source(), id, headers);
  };

  test.for<FaultKind>([
    { kind: 'drop-after', bytes: 5 },
    { kind: 'drop-after', bytes: 0 },
    { kind: 'close-after', bytes: 5 },
    { kind: 'lose-answer' },
  ])('$kind: the client sees a broken connection', async (fault) => {
    await expect(body(fault)).rejects.toThrow(TypeError);
  });

  test('short-body: the answer is well formed and too short', async () => {
    expect((await body({ kind: 'short-body', bytes: 5 })).toString()).toBe('hello');
  });

  test('corrupt-byte: one byte of the image is another, whichever range is asked for', async () => {
    const whole = await body({ kind: 'corrupt-byte', at: 4 });
    expect(whole.equals(hello)).toBe(false);
    expect(whole.subarray(5).toString()).toBe(' world');
    expect(whole.readUInt8(4)).toBe(hello.readUInt8(4) ^ 0xff);
    const part = await body({ kind: 'corrupt-byte', at: 4 }, { Range: 'bytes=4-5' });
    expect([part.readUInt8(0), part.readUInt8(1)]).toEqual([whole.readUInt8(4), hello.readUInt8(5)]);
  });

  test('stall-after: the rest never comes', async () => {
    const { id } = await source().createImage(formats, hello);
    source().fault(id, { on: 'get-file', kind: 'stall-after', bytes: 5 });
    const answer = await use().call(source(), `${id}/file`);
    const reader = answer.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('hello');
    const next = reader?.read().then(() => 'more');
    expect(await Promise.race([next, setTimeout(100, 'nothing')])).toBe('nothing');
    await reader?.cancel();
  });

  test('slow: no faster than asked', async () => {
    const started = performance.now();
    await body({ kind: 'slow', bytesPerSecond: 60 });
    expect(performance.now() - started).toBeGreaterThan(100);
  });

  test('hold: what is before a byte of the image comes at once, the rest when the test says so', async () => {
    const { id } = await source().createImage(formats, hello);
    const { promise: until, resolve } = Promise.withResolvers<void>();
    source().fault(id, { on: 'get-file', kind: 'hold', from: 2, until, times: 3 });
    const text = async (Range: string) => (await use().download(source(), id, { Range })).toString();
    expect(await text('bytes=0-1')).toBe('he');
    let held = 2;
    const rest = ['bytes=0-4', 'bytes=3-6'].map((range) => text(range).finally(() => (held -= 1)));
    await setTimeout(50);
    expect(held).toBe(2);
    resolve();
    expect(await Promise.all(rest)).toEqual(['hello', 'lo w']);
  });

  test('hold: a connection that the test breaks', async () => {
    const { promise: until, reject } = Promise.withResolvers<void>();
    const given = expect(body({ kind: 'hold', from: 2, until })).rejects.toThrow(TypeError);
    await setTimeout(20);
    until.catch(() => undefined); // the image may not have been asked for yet
    reject(new Error('broken'));
    await given;
  });

  test('status: as many times as asked, then the real answer', async () => {
    const { id } = await source().createImage(formats, hello);
    source().fault(id, {
      on: 'get-file',
      kind: 'status',
      status: 503,
      times: 2,
      headers: { 'Retry-After': '1' },
    });
    const answers = [];
    for (let count = 0; count < 3; count += 1) answers.push(await use().call(source(), `${id}/file`));
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
    expect(answers[0]?.headers.get('retry-after')).toBe('1');
  });
});

describe('an upload that goes wrong', () => {
  const upload = async (fault: FaultKind) => {
    const { id } = await source().createImage(formats);
    source().fault(id, { on: 'put-file', ...fault });
    const status = await use()
      .put(source(), id, hello)
      .then(
        (answer) => answer.status,
        () => 'broken' as const,
      );
    return { id, status };
  };

  test.for<FaultKind>([
    { kind: 'drop-after', bytes: 5 },
    { kind: 'close-after', bytes: 5 },
    { kind: 'status', status: 503 },
  ])('$kind: the image stays queued and takes the next upload', async (fault) => {
    const { id, status } = await upload(fault);
    expect(status).toBe(fault.kind === 'status' ? 503 : 'broken');
    await expect.poll(() => source().image(id)?.status).toBe('queued');
    expect((await use().put(source(), id, hello)).status).toBe(204);
  });

  test('lose-answer: the image is active and the client does not know', async () => {
    const { id, status } = await upload({ kind: 'lose-answer' });
    expect([status, source().image(id)?.status]).toEqual(['broken', 'active']);
  });

  test('slow: it is read no faster than asked, and whole', async () => {
    const started = performance.now();
    const { id, status } = await upload({ kind: 'slow', bytesPerSecond: 60 });
    expect(performance.now() - started).toBeGreaterThan(100);
    expect([status, source().image(id)?.status, source().image(id)?.size]).toEqual([
      204,
      'active',
      hello.length,
    ]);
  });

  test('hold: the image is saving until the test says so', async () => {
    const { id } = await source().createImage(formats);
    const { promise: until, resolve } = Promise.withResolvers<void>();
    source().fault(id, { on: 'put-file', kind: 'hold', from: 5, until });
    const answer = use().put(source(), id, hello);
    await expect.poll(() => source().image(id)?.status).toBe('saving');
    resolve();
    expect([(await answer).status, source().image(id)?.status]).toEqual([204, 'active']);
    expect(await use().download(source(), id)).toEqual(hello);
  });

  test('corrupt-byte and short-body: Glance keeps other bytes than it was sent', async () => {
    const corrupted = await upload({ kind: 'corrupt-byte', at: 0 });
    const short = await upload({ kind: 'short-body', bytes: 5 });
    expect([corrupted.status, short.status]).toEqual([204, 204]);
    expect(source().image(short.id)?.size).toBe(5);
    expect((await use().download(source(), corrupted.id)).equals(hello)).toBe(false);
  });
});

describe('calls on a record that go wrong', () => {
  test('a change may be made although its answer is lost', async () => {
    const { id } = await source().createImage(formats);
    source().fault(id, { on: 'patch', kind: 'lose-answer' });
    const patched = use().call(source(), id, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/openstack-images-v2.1-json-patch' },
      body: JSON.stringify([{ op: 'replace', path: '/name', value: 'new' }]),
    });
    await expect(patched).rejects.toThrow(TypeError);
    expect(source().image(id)?.name).toBe('new');
  });

  test('a record may be unreachable once', async () => {
    const { id } = await source().createImage(formats);
    source().fault(id, { on: 'get-image', kind: 'drop-after', bytes: 0 });
    await expect(use().call(source(), id)).rejects.toThrow(TypeError);
    expect((await use().call(source(), id)).status).toBe(200);
  });
});

test('a service that is away answers nobody, and is as it was when it is back', async () => {
  const { id } = await source().createImage(formats);
  const { keystone } = use().cloud;
  for (const service of [source(), keystone]) {
    service.setAway(true);
    await expect(fetch(`${service.url}/v3`)).rejects.toThrow(TypeError);
    service.setAway(false);
  }
  expect((await use().call(source(), id)).status).toBe(200);
});
