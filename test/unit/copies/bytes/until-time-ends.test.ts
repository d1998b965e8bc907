import { describe, expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import { newAttemptId } from '../../../../lib/schemas/ids.ts';
import { wholeCopy } from '../../../../lib/state/refs.ts';
import { deadlineOf } from '../../steps/step-at-work.ts';
import { MiB, smallImage, useCopy } from '../copy-at-work.ts';

const use = useCopy({ bytes: smallImage });
const outOfTime = () => new FerryError('out-of-time', "The function's time ended");
/** What tells all who wait. */
const toTell = () => [{ to: 'stream-image', message: { copyId: use().copyId } }];
const anew = () => [{ to: 'stream-image', message: { copyId: use().copyId }, delayS: 0 }];

/** A run whose source stands still, and whose time ends then. */
const runUntil = async (stallsAt: number, isStopping = false) => {
  use().server.image = { bytes: smallImage, stallsAt };
  use().server.asked.length = 0;
  const before = use().server.bytesRead();
  const ended = new AbortController();
  const run = use().run({}, { deadline: { ...deadlineOf(ended.signal), isStopping: () => isStopping } });
  run.catch(() => undefined);
  await expect.poll(() => use().server.bytesRead()).toBeGreaterThan(before);
  const parts = Math.floor(stallsAt / MiB);
  await expect.poll(async () => (await use().partsStored()).length).toBeGreaterThanOrEqual(parts);
  ended.abort(isStopping ? new Error('stop') : outOfTime());
  return await run;
};

describe('a run whose time ends', () => {
  test('goes on in another run, if it has stored anything', async () => {
    expect(await runUntil(1.5 * MiB)).toEqual(anew());
    expect(await use().read()).not.toHaveProperty('failure');
    use().server.image = { bytes: smallImage };
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
  });

  test('and that has stored nothing fails the copy, which says what would help', async () => {
    expect(await runUntil(MiB / 2)).toEqual(toTell());
    expect(await use().run()).toEqual(use().toAll('fail-import'));
    const { failure } = await use().read();
    expect(failure?.code).toBe('out-of-time');
    expect(failure?.reason).toMatch(
      /^Failed to copy image .* of region REGION1: \d s, a whole run of the function, brought nothing that was not stored before \(Copied 0 MiB of 2 MiB\)\. The image needs a longer timeout/,
    );
  });

  test('and that has found everything stored before fails it as well', async () => {
    expect(await runUntil(1.5 * MiB)).toEqual(anew());
    expect(await runUntil(1.5 * MiB)).toEqual(toTell());
    expect(await use().run()).toEqual(use().toAll('fail-import'));
    expect((await use().read()).failure?.reason).toMatch(/\(Copied 1 MiB of 2 MiB\)/);
  });

  test('because its worker is told to stop always goes on, after a while', async () => {
    expect(await runUntil(MiB / 2, true)).toEqual(anew());
    expect(await use().read()).not.toHaveProperty('failure');
  });
});

describe('a proof whose time ends before it has read anything', () => {
  /** The object is there, and is to be read. */
  const beginProof = async (): Promise<void> => {
    await use().run();
    const row = { copyId: use().copyId, row: wholeCopy };
    const attempt = newAttemptId();
    await use().copies.begin(row, attempt);
    await use().copies.update(row, attempt, { transferred: undefined, stored: { size: smallImage.length } });
    await use().copies.pause(row, attempt);
  };

  /** A run whose time ends when it begins to read the object. */
  const run = async () => {
    const ended = new AbortController();
    const { relay } = use().state;
    const slow: typeof relay = {
      ...relay,
      open: (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          ended.abort(outOfTime());
        }),
    };
    use().services = { ...use().services, relay: slow };
    return await use().run({}, { deadline: deadlineOf(ended.signal) });
  };

  test('fails the copy: another run would get nowhere either', async () => {
    await beginProof();
    expect(await run()).toEqual(toTell());
    expect(await use().run()).toEqual(use().toAll('fail-import'));
    const { failure, verification } = await use().read();
    expect([failure?.code, verification]).toEqual(['out-of-time', undefined]);
    expect(failure?.reason).toMatch(/\(Verified 0 MiB of 2 MiB\)/);
  });

  test('goes on in another run, if this one has made the object', async () => {
    // An object of rows is proven by reading it.
    use().server.image = { bytes: smallImage, stallsAt: 1.5 * MiB };
    await runUntil(1.5 * MiB);
    use().server.image = { bytes: smallImage };
    const { copyId } = use();
    const row = { copyId, row: wholeCopy };
    const attempt = newAttemptId();
    const plan = { size: smallImage.length, partSize: MiB, parts: 1, count: 2, atOnce: 2 };
    await use().copies.begin(row, attempt);
    await use().copies.update(row, attempt, { plan });
    await use().copies.pause(row, attempt);
    for (const number of [1, 2]) await use().run({ row: number });
    expect(await run()).toEqual(anew());
    expect(await use().read()).toMatchObject({ stored: { size: smallImage.length } });
  });
});
