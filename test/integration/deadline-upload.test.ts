import { expect, test } from 'vitest';
import { expectNothingLeft } from './nothing-left.ts';
import { createRuns } from './slow-import.ts';
import { useFerry } from './use-ferry.ts';

const MiB = 1024 ** 2;
const runs = createRuns();
const ferry = useFerry({ env: { RETRY_DELAY_S: '1' }, endOfRun: { 'apply-metadata': runs.next } });

test('an upload into Glance that its function has no time for fails and says so; the target is as before', async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const source = await REGION1.createImage({ ...formats, hw_disk_bus: 'scsi' }, Buffer.alloc(4 * MiB));
  const target = await REGION2.createImage({ name: 'copy', disk_format: 'qcow2' });
  const { promise: until, reject: breakOff } = Promise.withResolvers<void>();
  REGION2.fault(target.id, { on: 'put-file', kind: 'hold', from: MiB, until });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  await expect.poll(() => REGION2.image(target.id)?.status).toBe('saving');
  runs.end();
  breakOff(); // as Glance does when it finds that its client has gone
  expect(await ferry.finished(target.id, token)).toMatchObject({
    status: 'failure',
    message: expect.stringMatching(
      /^Failed to give image \S+ its properties and data: the function's time ended after \d+ s, .* of 4194304 bytes, .* the worker \(docs\/worker\.md\), which has no limit on time$/,
    ),
  });
  expect(REGION2.image(target.id)).toMatchObject({ status: 'queued', disk_format: 'qcow2' });
  expect(REGION2.image(target.id)).not.toHaveProperty('hw_disk_bus');
  await expectNothingLeft(ferry);
});
