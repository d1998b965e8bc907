import { expect, test } from 'vitest';
import { expectNothingLeft } from './nothing-left.ts';
import { useFerry } from './use-ferry.ts';

const MiB = 1024 ** 2;
const env = { DEADLINE_RESERVE_S: '1', RETRY_DELAY_S: '1' };
const ferry = useFerry({ env, functionTimeMs: { 'apply-metadata': 3000 } });

test('an upload into Glance that its function has no time for fails and says so; the target is as before', async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage({ ...formats, hw_disk_bus: 'scsi' }, Buffer.alloc(12 * MiB));
  const target = await REGION2.createImage({ name: 'copy', disk_format: 'qcow2' });
  REGION2.fault(target.id, { on: 'put-file', kind: 'slow', bytesPerSecond: MiB, times: 9 });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  expect(await ferry.finished(target.id, token)).toMatchObject({
    status: 'failure',
    message: expect.stringMatching(
      /^Failed to give image \S+ its properties and data: the function's time ended after \d+ s, .* of 12582912 bytes, .* the worker \(docs\/worker\.md\), which has no limit on time$/,
    ),
  });
  expect(REGION2.image(target.id)).toMatchObject({ status: 'queued', disk_format: 'qcow2' });
  expect(REGION2.image(target.id)).not.toHaveProperty('hw_disk_bus');
  await expectNothingLeft(ferry);
});
