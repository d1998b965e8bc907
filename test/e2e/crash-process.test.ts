import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { Glance } from '../cloud/openstack/glance/glance.ts';
import { expectNothingStays } from '../integration/nothing-left.ts';
import { useFerry } from '../integration/use-ferry.ts';

const MiB = 1024 ** 2;
const bytes = randomBytes(12 * MiB);

// A message whose process dies before it has hidden it comes again when its queue says so.
const env = { PART_SIZE_MIB: '5', PARTS_IN_FLIGHT: '1', HEARTBEAT_S: '2' };
const ferry = useFerry({ env, ownProcesses: true, aws: { visibilityS: 5 } });
let token: string;
let region1: Glance;
let region2: Glance;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
  ({ REGION1: region1, REGION2: region2 } = ferry.openstack.regions);
});

const startImport = async (fault: (sourceId: string, targetId: string) => void) => {
  const source = await region1.createImage(
    { disk_format: 'raw', container_format: 'bare', hw_a: 'b' },
    bytes,
  );
  const target = await region2.createImage({ name: 'copy' });
  fault(source.id, target.id);
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  return { source, target };
};

const messageOf = async (id: string): Promise<string> => (await ferry.tasks(id, token)).at(-1)?.message ?? '';

const arrives = async (id: string, hash: string | null): Promise<void> => {
  expect(await ferry.finished(id, token)).toMatchObject({ status: 'success', message: 'Copied 12 MiB' });
  expect(region2.image(id)).toMatchObject({ status: 'active', os_hash_value: hash, hw_a: 'b' });
  await expectNothingStays(ferry);
};

test('stream-image killed in the middle of the copy: the message comes again, and one correct image arrives', async () => {
  const { source, target } = await startImport((id) =>
    region1.fault(id, { on: 'get-file', kind: 'stall-after', bytes: 11 * MiB }),
  );
  await expect
    .poll(() => messageOf(target.id), { timeout: 60_000, interval: 200 })
    .toBe('Copied 10 MiB of 12 MiB');
  await ferry.kill('stream-image');
  await arrives(target.id, source.os_hash_value);
});

test('apply-metadata killed in the middle of the upload: the image is activated anew', async () => {
  const { source, target } = await startImport((_, id) =>
    region2.fault(id, { on: 'put-file', kind: 'slow', bytesPerSecond: 2 * MiB }),
  );
  await expect
    .poll(() => region2.image(target.id)?.status, { timeout: 60_000, interval: 200 })
    .toBe('saving');
  await ferry.kill('apply-metadata');
  await arrives(target.id, source.os_hash_value);
});
