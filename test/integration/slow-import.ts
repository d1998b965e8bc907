import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Ferry } from './ferry.ts';

const MiB = 1024 ** 2;

/**
 * Runs of stream-image that have so many seconds for their work, which is enough on the busiest machine for two parts.
 * The other functions have all the time they want.
 */
export const shortRuns = {
  env: { PART_SIZE_MIB: '5', DEADLINE_RESERVE_S: '1', RETRY_DELAY_S: '1', SOURCE_STALL_S: '120' },
  functionTimeMs: { 'stream-image': 6000 },
};

/**
 * Imports 30 MiB from a source that says nothing more after 12 MiB: a run of the function ends by its time, with two parts
 * stored, however fast or slow the machine is.
 * @param stalls how many downloads stall
 */
export const importSlowly = async (
  ferry: Ferry,
  stalls: number,
  record: { readonly os_hash_value?: string } = {},
) => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage(formats, randomBytes(30 * MiB));
  REGION1.change(source.id, record);
  const target = await REGION2.createImage({ name: 'copy', disk_format: 'qcow2' });
  REGION1.fault(source.id, { on: 'get-file', kind: 'stall-after', bytes: 12 * MiB, times: stalls });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  const task = await ferry.finished(target.id, token);
  const downloads = REGION1.requests().filter(({ path }) => path === `/v2/images/${source.id}/file`);
  return { task, source, target, token, statuses: downloads.map(({ status }) => status) };
};
