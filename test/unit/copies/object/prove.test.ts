import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type CopiedObject, prove } from '../../../../lib/copies/object/prove.ts';
import type { Hash } from '../../../../lib/state/copy.ts';
import { smallImage, useCopy } from '../copy-at-work.ts';

const use = useCopy({ bytes: smallImage });
const size = smallImage.length;
const hex = (algorithm: string) => createHash(algorithm).update(smallImage).digest('hex');
const [sha512, sha256, md5] = [hex('sha512'), hex('sha256'), hex('md5')];

/** What the copy knows of its source. */
interface Known {
  readonly hashes: readonly Hash[];
  /** Bytes. */
  readonly size: number | undefined;
}
const sourceOf = (hashes: readonly Hash[]): Known => ({ size, hashes });
const hash = (algorithm: string, value: string) => ({ algorithm, value });

/** Whatever has been made of the source. The object is there only where it has to be read. */
const proven = async (copied: CopiedObject, source: Known) => {
  const run = await use().copyRun();
  const subject = { ...run.subject, ...source };
  return await prove(use().services, { ...run, subject }, copied).finally(() => use().endRun(run));
};

describe('a copy that was read in one go', () => {
  test.each([
    ['its source’s hash', sourceOf([hash('sha256', sha256)]), { sha256, sha512 }, 'sha256'],
    ['the strongest of them', sourceOf([hash('sha512', sha512), hash('md5', md5)]), { sha512 }, 'sha512'],
    ['its size, where it has no hash', sourceOf([]), { sha512 }, 'size'],
    ['its size, where nobody can compute its hash', sourceOf([hash('sha9000', 'ab')]), { sha512 }, 'size'],
  ])('is proven by %s, without being read again', async (_, source, digests, provenBy) => {
    expect(await proven({ size, digests }, source)).toEqual({ size, digests, provenBy });
    expect(await use().read()).not.toHaveProperty('stored');
  });

  test('of a URL is proven by nothing, and says so', async () => {
    const source = { ...sourceOf([]), size: undefined };
    expect(await proven({ size, digests: { sha512 } }, source)).toEqual({ size, digests: { sha512 } });
  });

  test('keeps no digest that its name alone does not tell the length of', async () => {
    const shake = createHash('shake128', { outputLength: 20 }).update(smallImage).digest('hex');
    const source = sourceOf([hash('shake_128', shake)]);
    const digests = { shake_128: shake, sha512 };
    expect(await proven({ size, digests }, source)).toEqual({
      size,
      digests: { sha512 },
      provenBy: 'shake_128',
    });
  });
});

describe('a copy over which no digest ran', () => {
  test('is read, and says first that its object is there', async () => {
    await use().putObject(smallImage);
    const source = sourceOf([hash('sha256', sha256)]);
    expect(await proven({ size, digests: {} }, source)).toEqual({
      size,
      digests: { sha256, sha512 },
      provenBy: 'sha256',
    });
    expect((await use().read()).stored).toEqual({ size });
  });

  test('is read for the strongest hash whose digest a run can leave to the next', async () => {
    await use().putObject(smallImage);
    const source = sourceOf([hash('sha512_256', hex('sha512-256')), hash('md5', md5)]);
    expect(await proven({ size, digests: { sha512 } }, source)).toMatchObject({ provenBy: 'md5' });
  });

  test('is refused when its bytes are others', async () => {
    await use().putObject(Buffer.from(smallImage).fill(0, 9, 99));
    const source = sourceOf([hash('sha512', sha512)]);
    await expect(proven({ size, digests: {} }, source)).rejects.toMatchObject({ code: 'data-mismatch' });
    expect(await use().read()).not.toHaveProperty('transferred');
  });
});
