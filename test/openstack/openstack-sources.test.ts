/*
 * Large images from real sources with and without ranges, in segments where that is possible. Environment: as for
 * openstack-import.test.ts, and NO_RANGES_STORE, a store of the target region's Glance that serves no ranges (rbd,
 * swift, s3, http); without it that case is left out.
 */
import { randomFillSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Image } from '../cloud/commands/glance.ts';
import { setting } from './account.ts';
import { type RealImports, randomFile, startRealImports } from './real-imports.ts';

const MiB = 1024 ** 2;
const store = process.env['NO_RANGES_STORE'];
let real: RealImports;

beforeAll(async () => {
  real = await startRealImports({ SEGMENT_SIZE_MIB: '128', SEGMENTS_AT_ONCE: '4' });
});
afterAll(() => real.stop());

/** What the functions have logged of an import, and of its copy. */
const logOf = async (taskId: string): Promise<readonly string[]> => {
  const lines = (await readFile(real.functions.logFile, 'utf8')).split('\n');
  const [, copyId = taskId] =
    /"copy_id":"([0-9a-f]+)"/.exec(lines.filter((line) => line.includes(taskId)).join()) ?? [];
  return lines.filter((line) => line.includes(taskId) || line.includes(copyId));
};

const statusOfRange = async (endpoint: string, { id }: Image): Promise<number> => {
  const headers = { 'x-auth-token': real.token, range: 'bytes=0-0' };
  const { statusCode, body } = await request(`${endpoint}/v2/images/${id}/file`, { headers });
  await body.dump();
  return statusCode;
};

const arrives = async (source: Image, region: string): Promise<readonly string[]> => {
  const copy = await real.newTarget();
  const task = await real.importFrom(source.id, copy.id, region);
  expect(task).toMatchObject({ status: 'success' });
  const { size, os_hash_value } = source;
  expect(await real.target.show(copy.id)).toMatchObject({ status: 'active', size, os_hash_value });
  expect(await real.target.sha512(copy.id)).toBe(os_hash_value);
  expect(await real.left()).toBe(0);
  return await logOf(task.id);
};

test('1 GiB from a source with ranges arrives in segments', async () => {
  const file = await randomFile(join(real.dataDir, 'large.raw'), 1024);
  const source = await real.newSource({ disk_format: 'raw' }, file);
  expect(await statusOfRange(real.endpoints.source, source)).toBe(206);
  const log = await arrives(source, setting('SOURCE_REGION'));
  const segments = log.filter((line) => line.includes('copying a segment'));
  expect(segments.length).toBeGreaterThanOrEqual(8);
  expect(log.join()).toContain('verifying');
});

test.runIf(store)('300 MiB from a source without ranges arrive in one stream', async () => {
  const source = await real.create(real.endpoints.target, { disk_format: 'raw', container_format: 'bare' });
  const { statusCode, body } = await request(`${real.endpoints.target}/v2/images/${source.id}/file`, {
    method: 'PUT',
    headers: {
      'x-auth-token': real.token,
      'content-type': 'application/octet-stream',
      'x-image-meta-store': store ?? '',
    },
    body: randomFillSync(Buffer.alloc(300 * MiB)),
  });
  await body.dump();
  expect(statusCode).toBe(204);
  expect(await statusOfRange(real.endpoints.target, source)).toBe(400);
  const log = await arrives(await real.target.show(source.id), setting('OS_REGION_NAME'));
  expect(log.join()).not.toContain('copying a segment');
});
