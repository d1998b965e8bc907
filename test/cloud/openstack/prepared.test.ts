import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formats, hello, useOpenStack } from './use-openstack.ts';

const use = useOpenStack({
  glance: { REGION2: { hashAlgo: 'sha256', imageSizeCap: 1000, discardUploads: true } },
});
const source = () => use().cloud.regions.REGION1;
const target = () => use().cloud.regions.REGION2;

describe('a prepared image', () => {
  test('belongs to the project of the user it was made for', async () => {
    const { id } = await source().createImage({ owner: 'other', name: 'theirs' });
    expect((await use().call(source(), id, {}, 'other')).status).toBe(200);
    expect((await use().call(source(), id, {}, 'reader')).status).toBe(404);
  });

  test('can be given attributes no request could give it', async () => {
    const { id } = await source().createImage(formats, hello);
    source().change(id, { os_hash_value: 'ff'.repeat(64) });
    expect(source().image(id)?.os_hash_value).toBe('ff'.repeat(64));
  });

  test('lies in a file that goes with it', async () => {
    const { id } = await source().createImage(formats, hello);
    expect(await readdir(join(use().dataDir, 'REGION1'))).toContain(id);
    await use().call(source(), id, { method: 'DELETE' });
    expect(await readdir(join(use().dataDir, 'REGION1'))).not.toContain(id);
    expect(source().image(id)).toBeUndefined();
  });
});

describe('made-up bytes', () => {
  const size = 5 * 1024 * 1024 + 7;

  test('are the same whole and in ranges, and have the digests of the record', async () => {
    const image = await source().madeUpImage(formats, { size, seed: 1 });
    const whole = await use().download(source(), image.id);
    expect(whole.length).toBe(size);
    expect(createHash('sha512').update(whole).digest('hex')).toBe(image.os_hash_value);
    expect(createHash('md5').update(whole).digest('hex')).toBe(image.checksum);
    const [start, end] = [1_048_573, 4_000_000];
    const part = await use().download(source(), image.id, { Range: `bytes=${start}-${end - 1}` });
    expect(part.equals(whole.subarray(start, end))).toBe(true);
  });

  test('differ from block to block and from seed to seed', async () => {
    const [one, two] = [
      await source().madeUpImage(formats, { size, seed: 1, checksum: false }),
      await source().madeUpImage(formats, { size, seed: 2, checksum: false }),
    ];
    const bytes = await use().download(source(), one.id);
    const block = 1024 * 1024;
    expect(bytes.subarray(0, block).equals(bytes.subarray(block, 2 * block))).toBe(false);
    expect(one.os_hash_value).not.toBe(two.os_hash_value);
    expect(one.checksum).toBeNull();
  });
});

describe('a Glance with other settings', () => {
  test('hashes with its own algorithm and throws uploads away', async () => {
    const { id } = await target().createImage(formats);
    expect((await use().put(target(), id, hello)).status).toBe(204);
    const sha256 = createHash('sha256').update(hello).digest('hex');
    expect(target().image(id)).toMatchObject({ status: 'active', size: 11, os_hash_value: sha256 });
    expect((await use().call(target(), `${id}/file`)).status).toBe(204);
  });

  test('refuses an image over its size cap and leaves it queued', async () => {
    const { id } = await target().createImage(formats);
    const answer = await use().put(target(), id, Buffer.alloc(1001));
    expect(answer.status).toBe(413);
    expect(await answer.text()).toContain(
      'The incoming image is too large: The provided image is too large.',
    );
    expect(target().image(id)).toMatchObject({ status: 'queued', size: null });
    expect((await use().put(target(), id, Buffer.alloc(1000))).status).toBe(204);
  });
});
