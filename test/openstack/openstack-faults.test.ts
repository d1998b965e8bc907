/*
 * What an import meets on a real OpenStack while it runs. Environment: as for openstack-import.test.ts, and
 * RECONFIGURE_TARGET (target-glance.ts); SHORT_TOKEN_AUTH_URL, another Keystone of the same cloud, whose tokens live
 * SHORT_TOKEN_S seconds; SERVICE_*, an account with the role `service`. Cases whose variables are not set are left out.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ferryClient, type Task } from '../cloud/commands/ferry.ts';
import type { Image } from '../cloud/commands/glance.ts';
import { type Asked, ask } from '../contract/client.ts';
import { account, newApplicationCredential, setting, tokenOf } from './account.ts';
import { startHoldingProxy } from './holding-proxy.ts';
import { type RealImports, randomFile, startRealImports } from './real-imports.ts';
import { canReconfigure, reconfigureTarget } from './target-glance.ts';

const { SHORT_TOKEN_AUTH_URL, SHORT_TOKEN_S, SERVICE_USERNAME } = process.env;
const pace = { HEARTBEAT_S: '2', RETRY_DELAY_S: '1' };
const MiB = 1024 ** 2;
const octets = { 'Content-Type': 'application/octet-stream' };

let real: RealImports;
beforeAll(async () => {
  real = await startRealImports(pace);
});
afterAll(() => real.stop());

const newSource = async (imports: RealImports, mebibytes: number): Promise<Image> =>
  imports.newSource(
    { disk_format: 'raw', hw_disk_bus: 'scsi' },
    await randomFile(join(imports.dataDir, `${mebibytes}.raw`), mebibytes),
  );

/** POSTs with one token. @returns the task's id */
const begin = async (imports: RealImports, source: Image, target: Image, token = imports.token) => {
  const method = {
    ...{ name: 'glance-download', glance_region: setting('SOURCE_REGION'), glance_image_id: source.id },
  };
  const answer = await ferryClient(imports.functions.url, token).importImage(target.id, method);
  return String(((await answer.json()) as Task).id);
};

const ended = async (imports: RealImports, target: Image): Promise<Task> => {
  let last: Task = { id: '', status: 'pending', message: '' };
  for await (last of ferryClient(imports.functions.url, imports.token).progress(target.id, 500));
  return last;
};

const becomes = async (imports: RealImports, target: Image, status: string): Promise<void> => {
  const options = { timeout: 120_000, interval: 100 };
  await expect.poll(async () => (await imports.target.show(target.id)).status, options).toBe(status);
};

const arrived = async (imports: RealImports, source: Image, target: Image): Promise<void> => {
  const { size, os_hash_value } = source;
  const copy = { status: 'active', size, os_hash_value, hw_disk_bus: 'scsi' };
  expect(await imports.target.show(target.id)).toMatchObject(copy);
};

const ofTarget = (target: Image, method: string, tail = '', options = {}): Promise<Asked> =>
  ask(method, `${real.endpoints.target}/v2/images/${target.id}${tail}`, { token: real.token, ...options });

test('an application credential’s token imports', async () => {
  const credential = await newApplicationCredential(account('OS_'));
  const [source, target] = [await newSource(real, 1), await real.newTarget()];
  await begin(real, source, target, credential.token);
  expect(await ended(real, target)).toMatchObject({ status: 'success' });
  await arrived(real, source, target);
  await credential.remove();
});

test('data that the owner uploads meanwhile stays, and the import says so', async () => {
  const [source, target] = [
    await newSource(real, 200),
    await real.newTarget({ disk_format: 'raw', container_format: 'bare', hw_disk_bus: 'ide' }),
  ];
  await begin(real, source, target);
  expect(await ofTarget(target, 'PUT', '/file', { headers: octets, body: 'mine' })).toMatchObject({
    status: 204,
  });
  const task = await ended(real, target);
  expect(task).toMatchObject({ status: 'failure', message: expect.stringContaining('active') });
  expect(await real.target.show(target.id)).toMatchObject({
    ...{ status: 'active', size: 4, hw_disk_bus: 'ide' },
  });
  expect(await real.left()).toBe(0);
});

test.runIf(canReconfigure)(
  'a target whose Glance is restarted while it saves ends, says what to do, and leaves nothing of ours',
  async () => {
    const [source, target] = [await newSource(real, 1024), await real.newTarget()];
    await begin(real, source, target);
    await becomes(real, target, 'saving');
    await reconfigureTarget();
    const task = await ended(real, target);
    expect(await real.left()).toBe(0);
    // A Glance that ends in peace lets the upload end first.
    if (task.status === 'success') return await arrived(real, source, target);
    expect(task.message).toContain('is in saving, where it takes no other import');
    expect((await ofTarget(target, 'DELETE')).status).toBe(204);
  },
);

test.runIf(canReconfigure)('a target whose Glance is restarted while we copy gets its image', async () => {
  const [source, target] = [await newSource(real, 300), await real.newTarget()];
  await begin(real, source, target);
  await reconfigureTarget();
  expect(await ended(real, target)).toMatchObject({ status: 'success' });
  await arrived(real, source, target);
  expect(await real.left()).toBe(0);
});

describe.runIf(SHORT_TOKEN_AUTH_URL)('a token that ends while its import runs', () => {
  const statusFor = async ({ endpoints }: RealImports, { id }: Image, token: string): Promise<number> =>
    (await ask('GET', `${endpoints.target}/v2/images/${id}`, { token })).status;

  /**
   * Imports with a token that has ended when the upload into Glance goes on.
   * @param most bytes of the upload that reach Glance before
   */
  const importWithShortToken = async (
    most: number,
    serviceUser?: { readonly id: string; readonly secret: string },
  ): Promise<Task> => {
    const proxy = await startHoldingProxy(most);
    const imports = await startRealImports({ ...pace, HTTP_PROXY: proxy.url, NO_PROXY: '' }, serviceUser);
    try {
      const [source, target] = [await newSource(imports, 8), await imports.newTarget()];
      const token = await tokenOf(account('OS_'), SHORT_TOKEN_AUTH_URL);
      await begin(imports, source, target, token);
      await proxy.held;
      const hasEnded = { timeout: 2 * Number(SHORT_TOKEN_S) * 1000, interval: 500 };
      await expect.poll(() => statusFor(imports, target, token), hasEnded).toBe(401);
      proxy.release();
      const task = await ended(imports, target);
      if (task.status === 'success') await arrived(imports, source, target);
      expect(await imports.left()).toBe(0);
      return task;
    } finally {
      await imports.stop();
      await proxy.stop();
    }
  };

  test('between the first byte into Glance and the last takes nothing from it', async () => {
    expect(await importWithShortToken(MiB)).toMatchObject({ status: 'success' });
  });

  test('before the first byte gets into Glance fails it with the reason', async () => {
    const task = await importWithShortToken(0);
    expect(task).toMatchObject({
      status: 'failure',
      message: expect.stringContaining('the token is not accepted'),
    });
  });

  test.runIf(SERVICE_USERNAME)(
    'before the first byte takes nothing from it with a service user',
    async () => {
      const credential = await newApplicationCredential(account('SERVICE_'));
      expect(await importWithShortToken(0, credential)).toMatchObject({ status: 'success' });
      await credential.remove();
    },
  );
});
