import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { isProbe, timesRead } from '../cloud/openstack/times-read.ts';
import { expectNothingLeft } from './nothing-left.ts';
import { useFerry } from './use-ferry.ts';

const MiB = 1024 ** 2;
const formats = { disk_format: 'raw', container_format: 'bare' };
const [from, to] = ['Süd West', 'eu.central/1 日本'] as const;
/** Segments of a part, two at a time. */
const settings = { PART_SIZE_MIB: '5', SEGMENT_SIZE_MIB: '5', SEGMENTS_AT_ONCE: '2' };

const ferry = useFerry({ openstack: { regions: [from, to] }, env: { ...settings, OS_REGION_NAME: to } });
let token: string;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});

test.each([
  ['in one stream', 4 * MiB + 1, from],
  ['in segments', 12 * MiB, from.toUpperCase()],
])(
  'an image travels %s between regions of any name, and each byte of it is read once',
  async (_, size, region) => {
    const { regions } = ferry.openstack;
    const { id, os_hash_value } = await regions[from].createImage(formats, randomBytes(size));
    const target = await regions[to].createImage({ name: 'copy' });
    const method = { name: 'glance-download', glance_region: region, glance_image_id: id };
    const request = { method: 'POST', imageId: target.id, token, body: { method } };
    expect(await ferry.http('import-image', request)).toMatchObject({ status: 201 });

    expect(await ferry.finished(target.id, token)).toMatchObject({ status: 'success' });
    expect(regions[to].image(target.id)).toMatchObject({ status: 'active', os_hash_value });
    const given = regions[from].dataReads(id).map((read) => read.given);
    expect(
      timesRead(
        given.filter((range) => !isProbe(range)),
        size,
      ),
    ).toEqual({ min: 1, max: 1, total: size });
    await expectNothingLeft(ferry);
  },
);
