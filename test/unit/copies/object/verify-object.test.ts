import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RelayStore } from '../../../../lib/aws/s3/relay-store.ts';
import { verifyObject } from '../../../../lib/copies/object/verify-object.ts';
import { objectKey } from '../../../../lib/copies/record/object-key.ts';
import { copyProgress } from '../../../../lib/copies/record/progress-message.ts';
import { FerryError } from '../../../../lib/errors.ts';
import { MiB, useCopy } from '../copy-at-work.ts';

/** Two blocks: 16 MiB, and 1. */
const bytes = randomBytes(17 * MiB);
const hex = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
const shake = createHash('shake128', { outputLength: 16 }).update(bytes).digest('hex');
const [sha512, sha256] = [hex('sha512'), hex('sha256')];

const use = useCopy({ bytes: Buffer.of(1) });
/** Of the object, which is the same for each copy. */
let key: string | undefined;
/** First bytes of the ranges that were asked for, and of those that nobody reads any more. */
let opened: number[];
let closed: Set<number>;

beforeEach(async () => {
  opened = [];
  closed = new Set();
  if (key === undefined) {
    await use().putObject(bytes);
    key = objectKey(await use().read());
  }
  const run = await use().copyRun();
  await run.change({ stored: { size: bytes.length } });
  await use().endRun(run);
});

/** The relay, which tells what was read. */
const watched = (): RelayStore => ({
  ...use().state.relay,
  open: async (_, range) => {
    const given = await use().state.relay.open(key ?? '', range);
    opened.push(given.startsAt);
    const close = (): void => {
      closed.add(given.startsAt);
      given.body.close();
    };
    return { ...given, body: { fill: (target) => given.body.fill(target), close } };
  },
});

/** One run on the copy as it is now. @param firstDelayMs before a broken object is read on */
const verify = async (
  hash: { algorithm: string; value: string } | undefined,
  { signal = new AbortController().signal, firstDelayMs = 1 } = {},
) => {
  const run = await use().copyRun(signal);
  const sourceBudget = { retries: 2, firstDelayMs };
  const services = { ...use().services, relay: watched(), sourceBudget };
  return await verifyObject(services, run, { size: bytes.length, hash, name: 'the source' }).finally(() =>
    use().endRun(run),
  );
};

/** A run whose reading breaks off in its second block, and whose time ends while it waits to read on. */
const interrupted = async (code: 'out-of-time' | 'claim-lost') => {
  const { s3Faults } = use().state.aws;
  s3Faults.inject('GetObject', { kind: 'delay', ms: 0 });
  s3Faults.inject('GetObject', { kind: 'cut-body', afterBytes: MiB / 2 });
  const controller = new AbortController();
  const run = verify(
    { algorithm: 'sha512', value: sha512 },
    { signal: controller.signal, firstDelayMs: 60_000 },
  );
  const ended = expect(run).rejects.toMatchObject({ code });
  await expect.poll(() => s3Faults.left('GetObject')).toBe(0);
  await expect.poll(() => closed).toContain(0);
  controller.abort(new FerryError(code, 'the end'));
  await ended;
};

describe('a finished object', () => {
  test.each([
    [{ algorithm: 'sha512', value: sha512 }, { sha512 }],
    [
      { algorithm: 'sha256', value: sha256 },
      { sha256, sha512 },
    ],
    [undefined, { sha512 }],
    // In one run, since its state cannot be saved.
    [
      { algorithm: 'sha512_256', value: hex('sha512-256') },
      { sha512_256: hex('sha512-256'), sha512 },
    ],
    [
      { algorithm: 'shake_128', value: shake },
      { shake_128: shake, sha512 },
    ],
    [
      { algorithm: 'sm3', value: hex('sm3') },
      { sm3: hex('sm3'), sha512 },
    ],
  ])('is proven by its source’s hash %j, and has the target’s beside it', async (hash, digests) => {
    expect(await verify(hash)).toEqual({ size: bytes.length, digests });
  });

  test('with other bytes is refused, with both hashes', async () => {
    await expect(verify({ algorithm: 'sha256', value: 'f00' })).rejects.toMatchObject({
      code: 'data-mismatch',
      message: `Failed to copy the source: the finished object has sha256 ${sha256}, the source's record says f00`,
    });
  });

  test('whose store breaks off is read on at the byte where it ended', async () => {
    use().state.aws.s3Faults.inject('GetObject', { kind: 'cut-body', afterBytes: MiB / 2 }, 2);
    expect(await verify({ algorithm: 'sha512', value: sha512 })).toMatchObject({ digests: { sha512 } });
  });
});

describe('a verification whose time ends', () => {
  test('goes on in another run where it was, and says how far it is', async () => {
    await interrupted('out-of-time');
    const copy = await use().read();
    expect(copy.verification?.offset).toBe(16 * MiB);
    expect(copyProgress(copy)).toBe('Verified 16 MiB of 17 MiB');
    opened = [];
    expect(await verify({ algorithm: 'sha512', value: sha512 })).toMatchObject({ digests: { sha512 } });
    expect(opened).toEqual([16 * MiB]);
  });

  test('that belongs to another attempt saves nothing', async () => {
    await interrupted('claim-lost');
    expect(await use().read()).not.toHaveProperty('verification');
  });

  test('begins anew where its state cannot be read', async () => {
    const run = await use().copyRun();
    await run.change({ verification: { offset: 5 * MiB, states: { sha512: 'bm9uc2Vuc2U=' } } });
    await use().endRun(run);
    expect(await verify({ algorithm: 'sha512', value: sha512 })).toMatchObject({ digests: { sha512 } });
    expect(opened.toSorted((a, b) => a - b)).toEqual([0, 16 * MiB]);
  });
});
