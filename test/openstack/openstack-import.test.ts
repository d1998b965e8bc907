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
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ferryClient } from '../cloud/commands/ferry.ts';
import { ask } from '../contract/client.ts';
import { account, setting, tokenOf } from './account.ts';
import { type RealImports, randomFile, startRealImports } from './real-imports.ts';

const run = promisify(execFile);

let real: RealImports;

beforeAll(async () => {
  real = await startRealImports();
});
afterAll(() => real.stop());

const qcow2 = async (): Promise<string> => {
  const raw = await randomFile(join(real.dataDir, 'disk.raw'), 64);
  const file = join(real.dataDir, 'disk.qcow2');
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
  const image = await real.newSource(
    { disk_format: 'qcow2', ...travelling, architecture: 'x86_64' },
    await qcow2(),
  );
  const copy = await real.newTarget({ department: 'research', os_distro: 'mine' });
  const task = await real.importFrom(image.id, copy.id);
  expect(task).toMatchObject({ status: 'success' });

  const arrived = await real.target.show(copy.id);
  const { size, checksum, os_hash_value } = image;
  expect(arrived).toMatchObject({ status: 'active', disk_format: 'qcow2', size, checksum, os_hash_value });
  expect(arrived).toMatchObject({ ...travelling, department: 'research', name: 'glance-ferry test' });
  expect(arrived).not.toHaveProperty('architecture');
  expect(await real.target.sha512(copy.id)).toBe(await real.source.sha512(image.id));
  expect(await real.left()).toBe(0);
});

test('2 GiB of random bytes arrive', async () => {
  const file = await randomFile(join(real.dataDir, 'random.raw'), 2048);
  const image = await real.newSource({ disk_format: 'raw' }, file);
  const copy = await real.newTarget();
  const startedMs = Date.now();
  const task = await real.importFrom(image.id, copy.id);
  expect(task).toMatchObject({ status: 'success', message: 'Copied 2048 MiB' });
  console.log(`2 GiB from POST to active: ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  expect(await real.target.sha512(copy.id)).toBe(await real.source.sha512(image.id));
  expect(await real.left()).toBe(0);
});

test('an empty image arrives', async () => {
  const image = await real.newSource(
    { disk_format: 'raw' },
    await randomFile(join(real.dataDir, 'empty.raw'), 0),
  );
  const copy = await real.newTarget();
  expect(await real.importFrom(image.id, copy.id)).toMatchObject({ status: 'success' });
  expect(await real.target.show(copy.id)).toMatchObject({ status: 'active', size: 0 });
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
        const { id } = await real.newTarget({ disk_format: 'raw', container_format: 'bare' });
        await real.target.upload(id, await randomFile(join(real.dataDir, 'one.raw'), 1));
        return { targetId: id, sourceId: id };
      },
      409,
      /^Image with status active cannot be target for import$/,
    ],
    [
      "another project's target",
      async () => {
        const other = await tokenOf(account('OTHER_'));
        const { id } = await real.create(real.endpoints.target, {}, other);
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
        const { id } = await real.create(real.endpoints.target, record, other);
        const image = await real.newSource(
          { disk_format: 'raw' },
          await randomFile(join(real.dataDir, 'one.raw'), 1),
        );
        return { targetId: id, sourceId: image.id };
      },
      403,
      /^You (do not own this image|are not authorized to complete modify_image action\.)$/,
    ],
    [
      'a source that does not exist',
      async () => {
        const { id } = await real.newTarget();
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
    const answer = await ask('POST', `${real.functions.url}/v2/images/${targetId}/import`, {
      token: real.token,
      json: { method },
    });
    expect(answer.status).toBe(status);
    expect(answer.message).toMatch(message);
  });
});

test('a target deleted while its import runs leaves nothing in the relay bucket', async () => {
  const image = await real.newSource(
    { disk_format: 'raw' },
    await randomFile(join(real.dataDir, 'small.raw'), 200),
  );
  const copy = await real.newTarget();
  const method = {
    name: 'glance-download',
    glance_region: setting('SOURCE_REGION'),
    glance_image_id: image.id,
  };
  const answer = await ferryClient(real.functions.url, real.token).importImage(copy.id, method);
  const { id } = (await answer.json()) as { id: string };
  await ask('DELETE', `${real.endpoints.target}/v2/images/${copy.id}`, { token: real.token });
  // Nobody sees the tasks of a deleted image: the log says when the import has ended.
  const ended = async () =>
    (await readFile(real.functions.logFile, 'utf8'))
      .split('\n')
      .some((line) => line.includes('import ended') && line.includes(id));
  await expect.poll(ended, { timeout: 60_000, interval: 500 }).toBe(true);
  expect(await real.left()).toBe(0);
});
