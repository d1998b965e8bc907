import { expect, test } from 'vitest';
import { expectNothingLeft } from '../integration/nothing-left.ts';
import { createRuns, importSlowly, settings } from '../integration/slow-import.ts';
import { useFerry } from '../integration/use-ferry.ts';

const runs = createRuns();
const ferry = useFerry({ env: settings, endOfRun: { 'stream-image': runs.next } });

test('a copy that needs more time than a function has goes on in another run, where the stored parts end', async () => {
  const { task, source, target, statuses } = await importSlowly(ferry, { runs, stalls: 1 });
  expect(task).toMatchObject({ status: 'success', message: 'Copied 14 MiB' });
  const { os_hash_value } = source;
  expect(ferry.openstack.regions.REGION2.image(target.id)).toMatchObject({ status: 'active', os_hash_value });
  expect(statuses[0]).toBe(200);
  expect(new Set(statuses.slice(1))).toEqual(new Set([206]));
  await expectNothingLeft(ferry);
});

test('a copy that went on is proven before its image is active: with a wrong hash it fails, and leaves nothing', async () => {
  const { task, target } = await importSlowly(ferry, {
    runs,
    stalls: 1,
    record: { os_hash_value: 'f'.repeat(128) },
  });
  expect(task).toMatchObject({
    status: 'failure',
    message: expect.stringMatching(
      /^Failed to copy image \S+ of region REGION1: the finished object has sha512 [0-9a-f]{128}, the source's record says f{128}$/,
    ),
  });
  expect(ferry.openstack.regions.REGION2.image(target.id)).toMatchObject({
    status: 'queued',
    disk_format: 'qcow2',
  });
  await expectNothingLeft(ferry);
});
