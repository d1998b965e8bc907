import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createResumableDigest } from '../../lib/transfer/resumable-digest.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { useFerry } from '../integration/use-ferry.ts';

const MiB = 1024 ** 2;
const settings = { PART_SIZE_MIB: '5', SEGMENT_SIZE_MIB: '6', SEGMENTS_AT_ONCE: '2' };
/** One that is copied in one stream, and one that is cut into segments. */
const images = { stream: randomBytes(6 * MiB), segments: randomBytes(7 * MiB) };
type Way = keyof typeof images;

const ferry = useFerry({ env: settings });
let token: string;
let sources: Readonly<Record<Way, ImageView>>;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  const { REGION1 } = ferry.openstack.regions;
  const formats = { disk_format: 'raw', container_format: 'bare' };
  sources = {
    stream: await REGION1.createImage(formats, images.stream),
    segments: await REGION1.createImage(formats, images.segments),
  };
});
afterEach(() => ferry.openstack.regions.REGION1.clearFaults());

const digestOf = async (way: Way, algorithm: string, outputLength?: number): Promise<string> => {
  if (algorithm !== 'blake3')
    return createHash(algorithm, outputLength === undefined ? {} : { outputLength })
      .update(images[way])
      .digest('hex');
  const digest = await createResumableDigest([algorithm]);
  digest.update(images[way]);
  return digest.values()[algorithm] ?? '';
};

interface Hashes {
  readonly os_hash_algo: string | null;
  readonly os_hash_value: string | null;
  readonly checksum: string | null;
}
/** What the source's record has, and how. */
const hashes: readonly (readonly [string, (way: Way) => Promise<Hashes>])[] = [
  [
    'sha512_256',
    async (way) => ({
      os_hash_algo: 'sha512_256',
      os_hash_value: await digestOf(way, 'sha512-256'),
      checksum: await digestOf(way, 'md5'),
    }),
  ],
  ...[
    ['sha512_256', 'sha512-256'] as const,
    ['shake_256', 'shake256', 32] as const,
    ['blake3', 'blake3'] as const,
  ].map(
    ([os_hash_algo, name, length]) =>
      [
        `${os_hash_algo} and no checksum`,
        async (way: Way) => ({
          os_hash_algo,
          os_hash_value: await digestOf(way, name, length),
          checksum: null,
        }),
      ] as const,
  ),
  [
    'an unknown hash and md5',
    async (way) => ({
      os_hash_algo: 'sha9000',
      os_hash_value: 'abcd',
      checksum: await digestOf(way, 'md5'),
    }),
  ],
];

/** @param record what the source's record says from now on */
const importFrom = async (record: Hashes, way: Way, isCorrupt: boolean) => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = sources[way];
  REGION1.change(source.id, record);
  const target = await REGION2.createImage({ name: 'copy' });
  if (isCorrupt)
    REGION1.fault(source.id, { on: 'get-file', kind: 'corrupt-byte', at: 5 * MiB + 1, times: 99 });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  const task = await ferry.finished(target.id, token);
  return { task, image: REGION2.image(target.id) };
};

describe.each(['stream', 'segments'] as const)('a source copied by %s', (way) => {
  const copied = `Copied ${images[way].length / MiB} MiB`;
  test.each(hashes)('whose record has %s: wrong bytes never become an active image', async (_, record) => {
    const { task, image } = await importFrom(await record(way), way, true);
    expect(task).toMatchObject({
      status: 'failure',
      message: expect.stringMatching(/ (has|have) \w+ \w+[, ]/),
    });
    expect(image).toMatchObject({ status: 'queued' });
  });

  test.each(hashes)('whose record has %s: right bytes arrive, proven', async (_, record) => {
    const { task, image } = await importFrom(await record(way), way, false);
    expect(task).toMatchObject({ status: 'success', message: copied });
    expect(image).toMatchObject({ status: 'active', checksum: await digestOf(way, 'md5') });
  });

  test.each([
    { os_hash_algo: null, os_hash_value: null, checksum: null },
    { os_hash_algo: 'sha9000', os_hash_value: 'abcd', checksum: null },
  ])('that nothing can vouch for (%j) arrives, and the task says so', async (record) => {
    const { task, image } = await importFrom(record, way, false);
    expect(task).toMatchObject({
      status: 'success',
      message: `${copied}. The source has no hash that could be compared: nothing vouched for its bytes beyond their size`,
    });
    expect(image).toMatchObject({ status: 'active', checksum: await digestOf(way, 'md5') });
  });
});
