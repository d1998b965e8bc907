/*
 * Whole imports on a real OpenStack: real Keystone, two real Glances, a real S3 for the bytes on their way; the functions
 * under serverless-offline. Runs only by its own command, `npm run test:openstack`.
 *
 * Environment: as the contract's (test/contract/openstack.test.ts), plus OPENRC, a file that sets the OS_* of the first
 * account; SOURCE_REGION, the region to copy from (OS_REGION_NAME is the target's); and of the object store
 * AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, RELAY_BUCKET (created when it is missing); settings of
 * the functions as in the README. Needs qemu-img, 4 GiB in the temporary directory, and creates images named
 * `glance-ferry test`, which it deletes.
 */
import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ferryClient, type Task } from '../cloud/commands/ferry.ts';
import { type GlanceClient, glanceClient, type Image } from '../cloud/commands/glance.ts';
import { startForRealCloud } from '../cloud/commands/real-cloud.ts';
import { type Functions, startFunctions } from '../cloud/offline/serverless-offline.ts';
import { ask } from '../contract/client.ts';
import { account, imageEndpoint, setting, tokenOf } from './account.ts';

const MiB = 1024 ** 2;
const run = promisify(execFile);
const freePorts = { api: 0, keystone: 0, REGION1: 0, REGION2: 0, sqs: 0, s3: 0, dynamodb: 0 };
const name = 'glance-ferry test';

let dataDir: string;
let stopAws: () => Promise<void>;
let functions: Functions;
let s3: S3Client;
let token: string;
let endpoints: { readonly source: string; readonly target: string };
let source: GlanceClient;
let target: GlanceClient;
const created: { readonly url: string; readonly token: string }[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-openstack-'));
  token = await tokenOf(account('OS_'));
  endpoints = {
    source: await imageEndpoint(token, setting('SOURCE_REGION')),
    target: await imageEndpoint(token, setting('OS_REGION_NAME')),
  };
  source = glanceClient(endpoints.source, token);
  target = glanceClient(endpoints.target, token);
  s3 = new S3Client({ forcePathStyle: true, region: process.env['AWS_REGION'] ?? 'us-east-1' });
  await s3.send(new CreateBucketCommand({ Bucket: setting('RELAY_BUCKET') })).catch((error: Error) => {
    if (!error.name.startsWith('BucketAlready')) throw error;
  });
  const options = {
    ports: freePorts,
    openrc: setting('OPENRC'),
    region: setting('OS_REGION_NAME'),
    help: false,
  };
  const { env, stop } = await startForRealCloud(options, dataDir);
  stopAws = stop;
  functions = await startFunctions({ env, dataDir });
});

afterAll(async () => {
  for (const { url, token: owner } of created) await ask('DELETE', url, { token: owner });
  await functions.stop();
  await stopAws();
  await rm(dataDir, { recursive: true, force: true });
});

const create = async (
  glance: GlanceClient,
  endpoint: string,
  record: object,
  owner = token,
): Promise<Image> => {
  const image = await glance.create({ name, ...record });
  created.push({ url: `${endpoint}/v2/images/${image.id}`, token: owner });
  return image;
};

const newSource = async (record: object, file: string): Promise<Image> => {
  const image = await create(source, endpoints.source, { container_format: 'bare', ...record });
  await source.upload(image.id, file);
  return await source.show(image.id);
};

const newTarget = (record: object = {}): Promise<Image> => create(target, endpoints.target, record);

const importFrom = async (sourceId: string, targetId: string): Promise<Task> => {
  const ferry = ferryClient(functions.url, token);
  const method = {
    name: 'glance-download',
    glance_region: setting('SOURCE_REGION'),
    glance_image_id: sourceId,
  };
  expect(await ferry.importImage(targetId, method)).toMatchObject({ status: 201 });
  let last: Task = { id: '', status: 'pending', message: '' };
  for await (last of ferry.progress(targetId, 500));
  return last;
};

/** What an import has left in the relay bucket. */
const leftOf = async (taskId: string): Promise<number> => {
  const listed = { Bucket: setting('RELAY_BUCKET'), Prefix: `imports/${taskId}` };
  return (await s3.send(new ListObjectsV2Command(listed))).KeyCount ?? 0;
};

const randomFile = async (file: string, mebibytes: number): Promise<string> => {
  const pieces = function* () {
    for (let piece = 0; piece < mebibytes; piece += 1) yield randomFillSync(Buffer.alloc(MiB));
  };
  await pipeline(Readable.from(pieces()), createWriteStream(file));
  return file;
};

const qcow2 = async (): Promise<string> => {
  const raw = await randomFile(join(dataDir, 'disk.raw'), 64);
  const file = join(dataDir, 'disk.qcow2');
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, file]);
  await run('qemu-img', ['resize', file, '1G']);
  return file;
};

test('a qcow2 of qemu-img arrives with its formats and prefixed properties; own properties stay', async () => {
  const travelling = {
    hw_disk_bus: 'scsi',
    'trait:HW_CPU_X86_VMX': 'required',
    os_distro: 'debian',
    os_type: 'linux',
    os_secure_boot: 'optional',
  };
  const image = await newSource(
    { disk_format: 'qcow2', ...travelling, architecture: 'x86_64' },
    await qcow2(),
  );
  const copy = await newTarget({ department: 'research', os_distro: 'mine' });
  const task = await importFrom(image.id, copy.id);
  expect(task).toMatchObject({ status: 'success' });

  const arrived = await target.show(copy.id);
  const { size, checksum, os_hash_value } = image;
  expect(arrived).toMatchObject({ status: 'active', disk_format: 'qcow2', size, checksum, os_hash_value });
  expect(arrived).toMatchObject({ ...travelling, department: 'research', name });
  expect(arrived).not.toHaveProperty('architecture');
  expect(await target.sha512(copy.id)).toBe(await source.sha512(image.id));
  expect(await leftOf(task.id)).toBe(0);
});

test('2 GiB of random bytes arrive', async () => {
  const file = await randomFile(join(dataDir, 'random.raw'), 2048);
  const image = await newSource({ disk_format: 'raw' }, file);
  const copy = await newTarget();
  const startedMs = Date.now();
  const task = await importFrom(image.id, copy.id);
  expect(task).toMatchObject({ status: 'success', message: 'Copied 2048 MiB' });
  console.log(`2 GiB from POST to active: ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  expect(await target.sha512(copy.id)).toBe(await source.sha512(image.id));
  expect(await leftOf(task.id)).toBe(0);
});

test('an empty image arrives', async () => {
  const image = await newSource({ disk_format: 'raw' }, await randomFile(join(dataDir, 'empty.raw'), 0));
  const copy = await newTarget();
  expect(await importFrom(image.id, copy.id)).toMatchObject({ status: 'success' });
  expect(await target.show(copy.id)).toMatchObject({ status: 'active', size: 0 });
});

describe('what Glance refuses, we refuse with its words', () => {
  const refusals: readonly [
    string,
    () => Promise<{ readonly targetId: string; readonly sourceId: string }>,
    number,
    RegExp,
  ][] = [
    [
      'an active target',
      async () => {
        const { id } = await newTarget({ disk_format: 'raw', container_format: 'bare' });
        await target.upload(id, await randomFile(join(dataDir, 'one.raw'), 1));
        return { targetId: id, sourceId: id };
      },
      409,
      /^Image with status active cannot be target for import$/,
    ],
    [
      "another project's target",
      async () => {
        const other = await tokenOf(account('OTHER_'));
        const { id } = await create(glanceClient(endpoints.target, other), endpoints.target, {}, other);
        return { targetId: id, sourceId: id };
      },
      404,
      /^No image found with ID /,
    ],
    [
      "another project's community image as target",
      async () => {
        const other = await tokenOf(account('OTHER_'));
        const record = { visibility: 'community' };
        const { id } = await create(glanceClient(endpoints.target, other), endpoints.target, record, other);
        const image = await newSource({ disk_format: 'raw' }, await randomFile(join(dataDir, 'one.raw'), 1));
        return { targetId: id, sourceId: image.id };
      },
      403,
      /^You (do not own this image|are not authorized to complete modify_image action\.)$/,
    ],
    [
      'a source that does not exist',
      async () => {
        const { id } = await newTarget();
        return { targetId: id, sourceId: id };
      },
      400,
      /^Source image \S+ was not found in region /,
    ],
  ];

  test.each(refusals)('%s', async (_name, prepare, status, message) => {
    const { targetId, sourceId } = await prepare();
    const method = {
      name: 'glance-download',
      glance_region: setting('SOURCE_REGION'),
      glance_image_id: sourceId,
    };
    const answer = await ask('POST', `${functions.url}/v2/images/${targetId}/import`, {
      token,
      json: { method },
    });
    expect(answer.status).toBe(status);
    expect(answer.message).toMatch(message);
  });
});

test('a target deleted while its import runs leaves nothing in the relay bucket', async () => {
  const image = await newSource({ disk_format: 'raw' }, await randomFile(join(dataDir, 'small.raw'), 200));
  const copy = await newTarget();
  const method = {
    name: 'glance-download',
    glance_region: setting('SOURCE_REGION'),
    glance_image_id: image.id,
  };
  const answer = await ferryClient(functions.url, token).importImage(copy.id, method);
  const { id } = (await answer.json()) as { id: string };
  await ask('DELETE', `${endpoints.target}/v2/images/${copy.id}`, { token });
  // Nobody sees the tasks of a deleted image: the log says when the import has ended.
  const ended = async () =>
    (await readFile(functions.logFile, 'utf8'))
      .split('\n')
      .some((line) => line.includes('import ended by fail-import') && line.includes(id));
  await expect.poll(ended, { timeout: 60_000, interval: 500 }).toBe(true);
  expect(await leftOf(id)).toBe(0);
});
