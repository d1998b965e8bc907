import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Ferry } from './ferry.ts';

const MiB = 1024 ** 2;

/**
 * Runs of three seconds, of which two are for the work. Glance needs a moment to see that an upload was broken off, so
 * the undoing must not be tried again at once, ten times.
 */
export const shortRuns = {
  env: { PART_SIZE_MIB: '5', DEADLINE_RESERVE_S: '1', RETRY_DELAY_S: '1' },
  functionTimeMs: 3000,
};

/** Imports 30 MiB from a source that sends 10 MiB a second: three seconds, more than one run has. */
export const importSlowly = async (ferry: Ferry, record: { readonly os_hash_value?: string } = {}) => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage(formats, randomBytes(30 * MiB));
  REGION1.change(source.id, record);
  const target = await REGION2.createImage({ name: 'copy', disk_format: 'qcow2' });
  REGION1.fault(source.id, { on: 'get-file', kind: 'slow', bytesPerSecond: 10 * MiB, times: 99 });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  const task = await ferry.finished(target.id, token);
  const downloads = REGION1.requests().filter(({ path }) => path === `/v2/images/${source.id}/file`);
  return { task, source, target, token, statuses: downloads.map(({ status }) => status) };
};
