import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { readRelayObject } from '../../../../lib/copies/object/relay-object.ts';
import { FerryError } from '../../../../lib/errors.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import { MiB, useCopy } from '../copy-at-work.ts';

/** Two blocks: 16 MiB, and 1. */
const bytes = randomBytes(17 * MiB);
const use = useCopy({ bytes });
let copy: Copy;
beforeEach(async () => {
  await use().putObject(bytes);
  copy = await use().read();
});

const read = async (options: { from?: number; size?: number; signal?: AbortSignal } = {}) => {
  const { size = bytes.length, signal = new AbortController().signal, ...from } = options;
  const services = { relay: use().state.relay, sourceBudget: { retries: 2, firstDelayMs: 1 } };
  const blocks: Buffer[] = [];
  for await (const { bytes, release } of readRelayObject(services, copy, { size, signal, ...from })) {
    blocks.push(Buffer.from(bytes));
    release();
  }
  return Buffer.concat(blocks);
};

describe('the object of a copy', () => {
  test('comes in order, whole or from any byte on', async () => {
    expect((await read()).equals(bytes)).toBe(true);
    expect((await read({ from: 16 * MiB + 7 })).equals(bytes.subarray(16 * MiB + 7))).toBe(true);
    expect(await read({ from: bytes.length })).toHaveLength(0);
  });

  test('that breaks off is read on at the byte where it broke', async () => {
    use().state.aws.s3Faults.inject('GetObject', { kind: 'cut-body', afterBytes: 3 * MiB }, 2);
    expect((await read()).equals(bytes)).toBe(true);
  });

  test('of another size is refused', async () => {
    await expect(read({ size: bytes.length - 1 })).rejects.toMatchObject({ code: 'data-mismatch' });
  });

  test('that is not there is asked for again, and then named', async () => {
    copy = { ...copy, generation: 'another' as Copy['generation'] };
    await expect(read()).rejects.toMatchObject({ message: expect.stringContaining(copy.copyId) });
  });

  test('is read no further when its reader has to end', async () => {
    const reason = new FerryError('out-of-time', 'the end');
    await expect(read({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
