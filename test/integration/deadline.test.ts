import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ferry, startFerry } from './ferry.ts';
import { importSlowly, shortRuns } from './slow-import.ts';

const MiB = 1024 ** 2;
let ferry: Ferry;

beforeAll(async () => {
  ferry = await startFerry(shortRuns);
});
afterAll(() => ferry.stop());

test('a copy that needs more time than a function has goes on in another run, where the stored parts end', async () => {
  const { task, source, target, statuses } = await importSlowly(ferry);
  expect(task).toMatchObject({ status: 'success', message: 'Copied 30 MiB' });
  const { os_hash_value } = source;
  expect(ferry.openstack.regions.REGION2.image(target.id)).toMatchObject({ status: 'active', os_hash_value });
  expect(statuses[0]).toBe(200);
  expect(new Set(statuses.slice(1))).toEqual(new Set([206]));
  expect(await ferry.traces.relay()).toEqual({ objects: [], uploads: [] });
});

test('a copy that went on is proven before its image is active: with a wrong hash it fails, and leaves nothing', async () => {
  const { task, target } = await importSlowly(ferry, { os_hash_value: 'f'.repeat(128) });
  expect(task).toMatchObject({
    status: 'failure',
    message: expect.stringMatching(
      /^The transferred object of image \S+ has sha512 [0-9a-f]{128} instead of f{128}$/,
    ),
  });
  expect(ferry.openstack.regions.REGION2.image(target.id)).toMatchObject({
    status: 'queued',
    disk_format: 'qcow2',
  });
  expect(await ferry.traces.relay()).toEqual({ objects: [], uploads: [] });
});

test('an upload into Glance that its function has no time for fails and says so; the target is as before', async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage({ ...formats, hw_disk_bus: 'scsi' }, Buffer.alloc(24 * MiB));
  const target = await REGION2.createImage({ name: 'copy', disk_format: 'qcow2' });
  REGION2.fault(target.id, { on: 'put-file', kind: 'slow', bytesPerSecond: 4 * MiB, times: 9 });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  expect(await ferry.finished(target.id, token)).toMatchObject({
    status: 'failure',
    message: expect.stringMatching(
      /^Failed to give image \S+ its properties and data: the function's time ended after \d s, .* of 25165824 bytes, .* the worker \(docs\/worker\.md\), which has no limit on time$/,
    ),
  });
  expect(REGION2.image(target.id)).toMatchObject({ status: 'queued', disk_format: 'qcow2' });
  expect(REGION2.image(target.id)).not.toHaveProperty('hw_disk_bus');
  expect(await ferry.traces.relay()).toEqual({ objects: [], uploads: [] });
});
