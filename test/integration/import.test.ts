import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { Glance } from '../cloud/openstack/glance/glance.ts';
import { expectNothingLeft } from './nothing-left.ts';
import { useFerry } from './use-ferry.ts';

const ferry = useFerry({ env: { PART_SIZE_MIB: '5' } });
let token: string;
let region1: Glance;
let region2: Glance;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
  ({ REGION1: region1, REGION2: region2 } = ferry.openstack.regions);
});

const sha512 = (bytes: Buffer): string => createHash('sha512').update(bytes).digest('hex');

test('an image arrives with its bytes, formats and prefixed properties, and nothing is left behind', async () => {
  const bytes = randomBytes(12 * 1024 ** 2);
  const image = await region1.createImage(
    {
      disk_format: 'raw',
      container_format: 'bare',
      hw_disk_bus: 'scsi',
      architecture: 'x86_64',
      os_distro: 'debian',
    },
    bytes,
  );
  const copy = await region2.createImage({ name: 'copy', os_distro: 'other', mine: 'kept' });

  const answer = await ferry.importFrom(image.id, copy.id, token);
  expect(answer).toMatchObject({ status: 201, headers: { location: `/v2/images/${copy.id}/tasks` } });

  const task = await ferry.finished(copy.id, token);
  expect(task).toMatchObject({ status: 'success', message: 'Copied 12 MiB', result: { image_id: copy.id } });
  expect(region2.image(copy.id)).toMatchObject({
    status: 'active',
    os_hash_value: sha512(bytes),
    disk_format: 'raw',
    container_format: 'bare',
    hw_disk_bus: 'scsi',
    os_distro: 'debian',
    mine: 'kept',
    name: 'copy',
  });
  expect(region2.image(copy.id)).not.toHaveProperty('architecture');
  await expectNothingLeft(ferry);
  expect((await ferry.traces.items()).map(({ item }) => item)).toEqual([`task#${task.id}`]);
});
