import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ferry, startFerry } from './ferry.ts';

const MiB = 1024 ** 2;
let ferry: Ferry;

beforeAll(async () => {
  const env = { PART_SIZE_MIB: '5', DEADLINE_RESERVE_S: '1' };
  ferry = await startFerry({ env, functionTimeMs: 3000 });
});
afterAll(() => ferry.stop());

test('a copy that its function has no time for fails, and says how far it came and what would help', async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage(formats, randomBytes(40 * MiB));
  const target = await REGION2.createImage({ name: 'copy', disk_format: 'qcow2' });
  const before = REGION2.image(target.id);
  REGION1.fault(source.id, { on: 'get-file', kind: 'slow', bytesPerSecond: 5 * MiB, times: 9 });

  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  expect(await ferry.finished(target.id, token)).toMatchObject({
    status: 'failure',
    message: expect.stringMatching(
      /^Failed to copy image \S+ of region REGION1: the function's time ended \(Copied \d+ MiB of 40 MiB\)\. The image needs /,
    ),
  });
  expect({ ...REGION2.image(target.id), updated_at: '' }).toEqual({ ...before, updated_at: '' });
  expect(await ferry.traces.relay()).toEqual({ objects: [], uploads: [] });

  REGION1.clearFaults();
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  expect(await ferry.finished(target.id, token)).toMatchObject({ status: 'success' });
});
