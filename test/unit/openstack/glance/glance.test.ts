import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import { callersToken, withServiceToken } from '../../../../lib/openstack/credentials.ts';
import { createGlance, type Glance } from '../../../../lib/openstack/glance/glance.ts';
import { createOpenStackHttp } from '../../../../lib/openstack/http.ts';
import { type ImageId, newTaskId, type Token } from '../../../../lib/schemas/ids.ts';
import { type OpenStack, startOpenStack } from '../../../cloud/openstack/openstack.ts';

const http = createOpenStackHttp({ stallMs: 1000 });
const { signal } = new AbortController();
let dataDir: string;
let cloud: OpenStack;
let token: Token;
let glance: Glance;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'unit-glance-'));
  cloud = await startOpenStack({ dataDir });
  token = cloud.issueToken('demo') as Token;
  glance = createGlance(cloud.regions.REGION1.url, callersToken(token), http);
});
beforeEach(() => cloud.regions.REGION1.clearFaults());
afterAll(async () => {
  await http.small.close();
  await cloud.stop();
  await rm(dataDir, { recursive: true });
});

const queued = async (own = {}) =>
  (await cloud.regions.REGION1.createImage({ ...formats, ...own })).id as ImageId;
const formats = { disk_format: 'raw', container_format: 'bare' };
const asOther = () => createGlance(glance.endpoint, callersToken(cloud.issueToken('other') as Token), http);
const failureOf = async (promise: Promise<unknown>): Promise<FerryError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (e) => e,
  );
  if (!(error instanceof FerryError)) throw new Error('no FerryError', { cause: error });
  expect(error.explanation).not.toContain(token);
  return error;
};

describe('an image', () => {
  test('comes with its own properties', async () => {
    const id = await queued({ hw_disk_bus: 'scsi' });
    expect(await glance.image(id, { signal })).toMatchObject({
      id,
      status: 'queued',
      ...formats,
      hw_disk_bus: 'scsi',
    });
  });

  test('that is missing, or of somebody else, is not found, in the words of Glance', async () => {
    const missing = newTaskId() as unknown as ImageId;
    const error = await failureOf(glance.image(missing, { signal }));
    expect(error).toMatchObject({ code: 'not-found', message: `No image found with ID ${missing}` });
    const id = await queued();
    expect(await failureOf(asOther().image(id, { signal }))).toMatchObject({ code: 'not-found' });
  });

  test('is not for a token that has expired', async () => {
    const expired = createGlance(glance.endpoint, callersToken(cloud.issueToken('demo', -1) as Token), http);
    expect(await failureOf(expired.image(await queued(), { signal }))).toMatchObject({
      code: 'unauthorized',
    });
  });

  test('comes in spite of a fault that passes', async () => {
    const id = await queued();
    const fault = { kind: 'status', status: 503, headers: { 'Retry-After': '0' }, on: 'get-image' } as const;
    cloud.regions.REGION1.fault(id, { ...fault, times: 3 });
    expect((await glance.image(id, { signal })).id).toBe(id);
    cloud.regions.REGION1.fault(id, { ...fault, times: 4 });
    expect(await failureOf(glance.image(id, { signal }))).toMatchObject({ code: 'unavailable' });
  });
});

describe('a change', () => {
  test('adds, replaces and removes in one PATCH', async () => {
    const id = await queued({ old: 'x', hw_disk_bus: 'ide' });
    const changed = await glance.patch(
      id,
      [
        { op: 'replace', path: '/disk_format', value: 'qcow2' },
        { op: 'replace', path: '/hw_disk_bus', value: 'scsi' },
        { op: 'add', path: '/a~1b', value: 'slash' },
        { op: 'remove', path: '/old' },
      ],
      { signal },
    );
    expect(changed).toMatchObject({ disk_format: 'qcow2', hw_disk_bus: 'scsi', 'a/b': 'slash' });
    expect(changed).not.toHaveProperty('old');
  });

  test.each([
    ['conflict', { op: 'replace', path: '/missing', value: 'x' }],
    ['forbidden', { op: 'add', path: '/os_glance_import_task', value: 'x' }],
    ['forbidden', { op: 'replace', path: '/size', value: 1 }],
    ['bad-request', { op: 'replace', path: '/disk_format', value: 'nonsense' }],
  ] as const)('that Glance refuses is %s: %j', async (code, operation) => {
    expect(await failureOf(glance.patch(await queued(), [operation], { signal }))).toMatchObject({ code });
  });

  test('whose answer got lost is made again', async () => {
    const id = await queued();
    cloud.regions.REGION1.fault(id, { kind: 'lose-answer', on: 'patch' });
    const changed = await glance.patch(id, [{ op: 'add', path: '/hw_x', value: 'y' }], { signal });
    expect(changed).toMatchObject({ hw_x: 'y' });
  });
});

describe('removing a tag', () => {
  test('that the image has', async () => {
    const id = await queued({ tags: ['a b/c', 'kept'] });
    await glance.removeTag(id, 'a b/c', { signal });
    expect(await glance.image(id, { signal })).toMatchObject({ tags: ['kept'] });
  });

  test('that it does not have is not-found, and forbidden for whom it does not belong to', async () => {
    const id = await queued({ visibility: 'community' });
    expect(await failureOf(glance.removeTag(id, 'none', { signal }))).toMatchObject({ code: 'not-found' });
    expect(await failureOf(asOther().removeTag(id, 'none', { signal }))).toMatchObject({ code: 'forbidden' });
  });
});

describe('an upload', () => {
  const upload = (id: ImageId, size: number, pieces: Iterable<Buffer>, options = { signal }) =>
    glance.upload(id, { size, body: () => Readable.from(pieces, { objectMode: false }) }, options);

  test('makes the image active', async () => {
    const id = await queued();
    await upload(id, 6, [Buffer.from('abc'), Buffer.from('def')]);
    expect(await glance.image(id, { signal })).toMatchObject({ status: 'active', size: 6 });
  });

  test('of nothing makes an image of no bytes', async () => {
    const id = await queued();
    await upload(id, 0, []);
    expect(await glance.image(id, { signal })).toMatchObject({ status: 'active', size: 0 });
  });

  test('to an image that is active is a conflict', async () => {
    const id = await queued();
    await upload(id, 1, [Buffer.from('a')]);
    expect(await failureOf(upload(id, 1, [Buffer.from('b')]))).toMatchObject({ code: 'conflict' });
  });

  test('whose body fails ends with that error, and the image is queued again', async () => {
    const id = await queued();
    const wrong = new FerryError('data-mismatch', 'wrong digest');
    const body = (function* () {
      yield Buffer.alloc(100_000);
      throw wrong;
    })();
    expect(await failureOf(upload(id, 200_000, body))).toBe(wrong);
    await expect.poll(async () => (await glance.image(id, { signal })).status).toBe('queued');
  });

  test('that is aborted keeps the reason', async () => {
    const reason = new FerryError('out-of-time', 'the time ended');
    const controller = new AbortController();
    const body = (function* () {
      yield Buffer.alloc(10);
      controller.abort(reason);
      yield Buffer.alloc(10);
    })();
    expect(await failureOf(upload(await queued(), 20, body, controller))).toBe(reason);
  });

  test('whose service token was revoked goes on with a new one, from its first byte', async () => {
    const id = await queued();
    const [revoked, fresh] = ['svc', 'svc'].map((name) => cloud.issueToken(name) as Token);
    cloud.keystone.tokens.revoke(`${revoked}`);
    let service = revoked;
    const keystone = {
      serviceToken: () => Promise.resolve(service),
      dropServiceToken: () => {
        service = fresh;
      },
    };
    const expired = withServiceToken(cloud.issueToken('demo', -1) as Token, keystone);
    const body = () => Readable.from([Buffer.from('abc')], { objectMode: false });
    await createGlance(glance.endpoint, expired, http).upload(id, { size: 3, body }, { signal });
    expect(await glance.image(id, { signal })).toMatchObject({ status: 'active', size: 3 });
  });

  test('is never sent twice', async () => {
    const id = await queued();
    cloud.regions.REGION1.fault(id, { kind: 'status', status: 503, on: 'put-file' });
    expect(await failureOf(upload(id, 3, [Buffer.from('abc')]))).toMatchObject({ code: 'unavailable' });
    expect(await glance.image(id, { signal })).toMatchObject({ status: 'queued' });
  });
});

test('tasks, import methods and stores come as Glance lists them', async () => {
  expect(await glance.tasks(await queued(), { signal })).toEqual([]);
  expect(await glance.importMethods({ signal })).toEqual(expect.arrayContaining(['web-download']));
  expect(await glance.stores({ signal })).toEqual([{ id: 'files', default: 'true' }]);
});
