import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { expectNothingStays } from '../integration/nothing-left.ts';
import { useFerry } from '../integration/use-ferry.ts';

const MiB = 1024 ** 2;
const formats = { disk_format: 'raw', container_format: 'bare' };
const settings = {
  PART_SIZE_MIB: '5',
  PARTS_IN_FLIGHT: '1',
  SEGMENT_SIZE_MIB: '10',
  SEGMENTS_AT_ONCE: '2',
  SOURCE_STALL_S: '120',
  HEARTBEAT_S: '2', // a lease of five seconds: a busy machine keeps it, too
};

// A message whose process dies before it has hidden it comes again when its queue says so.
const ferry = useFerry({ env: settings, ownProcesses: true, aws: { visibilityS: 5 } });

test('all processes killed in the middle of their segments: each goes on where its stored parts end', async () => {
  const token = ferry.openstack.issueToken('demo');
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = await REGION1.createImage(formats, randomBytes(22 * MiB));
  const target = await REGION2.createImage({ name: 'copy' });
  // Both segments stand still with a part stored, until their processes die.
  REGION1.fault(source.id, { on: 'get-file', kind: 'stall-after', bytes: 6 * MiB, times: 99 });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });

  const message = async () => (await ferry.tasks(target.id, token)).at(-1)?.message;
  await expect.poll(message, { timeout: 60_000, interval: 200 }).toBe('Copied 10 MiB of 22 MiB');
  REGION1.clearFaults();
  await ferry.kill('stream-image');

  expect(await ferry.finished(target.id, token)).toMatchObject({
    status: 'success',
    message: 'Copied 22 MiB',
  });
  const { os_hash_value } = source;
  expect(REGION2.image(target.id)).toMatchObject({ status: 'active', os_hash_value });
  await expectNothingStays(ferry);

  const starts = REGION1.requests().flatMap(({ path, headers }) =>
    path === `/v2/images/${source.id}/file`
      ? [Number(/^bytes=(\d+)-/.exec(headers['range'] ?? '')?.[1])]
      : [],
  );
  // Segments have 10 MiB: what begins elsewhere goes on after parts that are stored.
  expect(starts.filter((start) => start % (10 * MiB) > 0)).not.toEqual([]);
});
