import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { runResumably } from '../../../lib/copies/bytes/run-resumably.ts';
import { objectKey } from '../../../lib/copies/record/object-key.ts';
import { claimLost, FerryError } from '../../../lib/errors.ts';
import { newAttemptId } from '../../../lib/schemas/ids.ts';
import type { Sending } from '../../../lib/state/messages.ts';
import { wholeCopy } from '../../../lib/state/refs.ts';
import { createTraces } from '../../integration/traces.ts';
import { partSize, useCopy } from './copy-at-work.ts';
import type { ServedImage } from './image-server.ts';

/** Three parts and a bit. */
const wholeImage = randomBytes(3.25 * partSize);

const use = useCopy({ bytes: wholeImage });
const sha512 = createHash('sha512').update(wholeImage).digest('hex');
const { signal } = new AbortController();
beforeEach(() => use().cut());

const toRow = (row?: number): Sending => ({
  to: 'stream-image',
  message: { copyId: use().copyId, ...(row !== undefined && { row }) },
});
const again = (row: number) => ({ ...toRow(row), delayS: 0 });
const rows = async () => Object.fromEntries((await use().read()).rows);
/** What was asked of the source but for the one byte that shows whether it has ranges. */
const rangesAsked = () =>
  use()
    .server.asked.map(({ range }) => range)
    .filter((range) => range !== 'bytes=0-0');

/** Parts whose bytes go into the relay from now on. */
const watchParts = (): number[] => {
  const sent: number[] = [];
  const { relay } = use().services;
  use().services = {
    ...use().services,
    relay: {
      ...relay,
      uploadPart: (part, options) => {
        sent.push(part.number);
        return relay.uploadPart(part, options);
      },
    },
  };
  return sent;
};
const copyAllRows = async (): Promise<void> => {
  await use().run();
  for (const row of [1, 2, 1, 2]) await use().run({ row });
};

describe('a large image', () => {
  test('is cut into rows of segments, which are copied side by side', async () => {
    expect(await use().run()).toEqual([toRow(1), toRow(2)]);
    expect((await use().read()).plan).toEqual({
      size: wholeImage.length,
      partSize,
      parts: 1,
      count: 4,
      atOnce: 2,
    });
    expect(await use().run({ row: 1 })).toEqual([again(1)]);
    expect(await use().run({ row: 2 })).toEqual([again(2)]);
    expect(await rows()).toEqual({
      1: { next: 3, copied: partSize },
      2: { next: 4, copied: partSize },
    });
  });

  test('is gathered by the row that ends last, proven by reading it, and handed on', async () => {
    await use().run();
    for (const row of [1, 2]) await use().run({ row });
    expect(await use().run({ row: 2 })).toEqual([]);
    expect(await use().run({ row: 1 })).toEqual([toRow()]);
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    const { transferred } = await use().read();
    expect(transferred).toEqual({ size: wholeImage.length, digests: { sha512 }, provenBy: 'sha512' });
    expect((await use().object(wholeImage.length)).equals(wholeImage)).toBe(true);
    expect(rangesAsked()).toHaveLength(4);
  });

  test('is read once, whatever the order in which its rows run', async () => {
    const before = use().server.bytesRead();
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    expect(use().server.bytesRead() - before).toBe(wholeImage.length + 1);
  });

  const value = createHash('sha512-256').update(wholeImage).digest('hex');
  test.each<[string, ServedImage]>([
    ['small', { bytes: wholeImage.subarray(0, partSize) }],
    ['of a source without ranges', { bytes: wholeImage, hasNoRanges: true }],
    [
      'proven by a hash whose digest no run can leave to the next',
      { bytes: wholeImage, hash: { algorithm: 'sha512_256', value } },
    ],
  ])('that is %s is copied in one stream', async (_, image) => {
    await use().beginOf(image);
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    expect(await use().read()).not.toHaveProperty('plan');
  });

  test('that nothing vouches for but its size is proven by that, and says so', async () => {
    await use().beginOf({ bytes: wholeImage, hash: null });
    await use().runAll();
    expect((await use().read()).transferred).toMatchObject({ provenBy: 'size', digests: { sha512 } });
  });
});

describe('a row', () => {
  test('goes on after its stored parts', async () => {
    use().cut({ segmentSize: 2 * partSize });
    await use().run();
    const sent = watchParts();
    use().server.image = { bytes: wholeImage, stallsAt: 1.5 * partSize };
    const run = use().run({ row: 1 });
    run.catch(() => undefined);
    await expect.poll(use().partsStored).toEqual([1]);
    use().server.image = { bytes: wholeImage };
    expect((await use().read()).plan?.parts).toBe(2);
    // The attempt has died.
    const copy = await use().read();
    const { table } = use().state;
    await table.update({ subject: `copy#${copy.copyId}`, item: 'copy' }, { row1LeaseUntil: 0 });
    use().server.asked.length = 0;
    expect(await use().run({ row: 1 })).toEqual([]);
    expect(rangesAsked()).toEqual([`bytes=${partSize}-${2 * partSize - 1}`]);
    expect(sent).toEqual([1, 2]);
    use().server.closeAll();
    await run.catch(() => undefined);
  });

  test('whose runs are all interrupted goes on by new messages, in a later segment as in its first', async () => {
    const whole = await use().copyRun();
    await whole.change({ plan: { size: 200, partSize: 5, parts: 10, count: 4, atOnce: 2 } });
    await use().endRun(whole);
    const { waiters } = use().services;
    const away = () => Promise.reject(new FerryError('unavailable', 'away'));
    use().services = { ...use().services, waiters: { ...waiters, open: away } };
    const interrupted = (receiveCount: number) => use().run({ row: 1 }, { receiveCount }).catch(String);
    const store = async (...numbers: number[]): Promise<void> => {
      for (const number of numbers)
        await use().copies.savePart(await use().read(), { number, etag: 'e', size: 5, checksum: 'c' });
    };

    await store(1, 2, 3, 4);
    expect(await interrupted(2)).toContain('away');
    await store(5, 6, 7, 8);
    expect(await interrupted(3)).toEqual([again(1)]);
    await store(9, 10);
    const ref = { copyId: use().copyId, row: 1 };
    const attempt = newAttemptId();
    await use().copies.begin(ref, attempt);
    await use().copies.saveRow(ref, attempt, { next: 3, copied: 50 });
    await use().copies.pause(ref, attempt);
    await store(21, 22);
    expect(await interrupted(3)).toEqual([again(1)]);
    await store(23);
    expect(await interrupted(3)).toEqual([again(1)]);
  });

  test('that is done tells the whole again, when its message was lost', async () => {
    await copyAllRows();
    use().server.asked.length = 0;
    expect(await use().run({ row: 2 })).toEqual([toRow()]);
    expect(rangesAsked()).toEqual([]);
  });

  test('has nothing to do when its copy is past its segments', async () => {
    await copyAllRows();
    await use().run();
    expect(await use().run({ row: 1 })).toEqual([]);
  });

  test('whose reason was kept forgets it when the copy takes its next step: a later one is another', async () => {
    await use().copies.keepReason(await use().read(), { reason: 'the source is away', code: 'unavailable' });
    expect(await use().read()).toHaveProperty('lastFailure');
    await use().run();
    expect(await use().read()).not.toHaveProperty('lastFailure');
  });

  test('that nobody has the rights for comes again until its copy ends: another import may join meanwhile', async () => {
    await use().run();
    for (const ref of use().waiting) use().failed.set(ref.taskId, claimLost());
    expect(await use().run({ row: 1 })).toEqual([{ ...toRow(1), delayS: 20 }]);
  });

  test('has the copy as a whole begun that was begun anew: the attempt that did so may have died', async () => {
    await copyAllRows();
    const attempt = newAttemptId();
    const row = { copyId: use().copyId, row: wholeCopy };
    await use().copies.begin(row, attempt);
    await use().copies.update(row, attempt, { plan: undefined, transferred: undefined });
    expect(await use().run({ row: 1 })).toEqual([{ ...toRow(), delayS: 20 }]);
  });

  test('whose bytes are not the source’s fails the copy when it is proven', async () => {
    const other = Buffer.from(wholeImage).fill(0, 1.25 * partSize, 1.5 * partSize);
    use().server.image = { bytes: other, hash: { algorithm: 'sha512', value: sha512 } };
    expect(await use().runAll()).toEqual(use().toAll('fail-import'));
    expect((await use().read()).failure?.reason).toMatch(
      /^Failed to copy image \S+ of region \S+: the finished object has sha512 /,
    );
  });
});

describe('the whole of a copy with rows', () => {
  test('has those begun that nobody has begun, when its message comes again', async () => {
    await use().run();
    await use().run({ row: 2 });
    expect(await use().run()).toEqual([toRow(1)]);
  });

  test('has a row begun of which there is no more than the trace of an older message', async () => {
    await use().run(); // and dies before its messages are sent
    const [row, attempt] = [{ copyId: use().copyId, row: 2 }, newAttemptId()];
    await use().copies.begin(row, attempt);
    await use().copies.pause(row, attempt);
    expect(await use().run()).toEqual([toRow(1), toRow(2)]);
  });

  test('finds a plan again that was made before a run has died', async () => {
    await use().run();
    const { uploadId, plan } = await use().read();
    use().cut({ segmentsAtOnce: 4 });
    expect(await use().run()).toEqual([toRow(1), toRow(2)]);
    expect(await use().read()).toMatchObject({ uploadId, plan });
  });

  test.each([
    [
      'the store has lost',
      async () =>
        void use().state.aws.s3Faults.inject('CompleteMultipartUpload', {
          kind: 'error',
          code: 'InvalidPart',
        }),
    ],
    ['the table has lost', async () => await use().copies.forgetParts(await use().read(), 2)],
  ])('copies once more what %s', async (_, lose) => {
    await copyAllRows();
    await lose();
    const sent = watchParts();
    // A store that lacks a part says so, and the next try copies it.
    await use()
      .run()
      .catch(() => use().run());
    expect((await use().read()).transferred?.digests).toEqual({ sha512 });
    expect(sent.length).toBeGreaterThan(0);
    expect(new Set(sent).size).toBe(sent.length);
  });
});

describe('a source that is deleted after its last byte', () => {
  const remove = () => {
    for (const { taskId } of use().waiting) use().server.refused.set(taskId, { record: 404, data: 404 });
  };

  test('does not fail the copy: the hash kept with it verifies the object', async () => {
    await copyAllRows();
    remove();
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    expect((await use().read()).transferred).toMatchObject({ digests: { sha512 }, provenBy: 'sha512' });
    expect(use().failed.size).toBe(0);
  });

  test('is missed where it had no hash: only its record could say that the bytes are still the same', async () => {
    await use().beginOf({ bytes: wholeImage, hash: null });
    await copyAllRows();
    remove();
    expect(await use().runAll()).toEqual(use().toAll('fail-import'));
    expect((await use().read()).failure?.reason).toMatch(/^Source image .* was not found in region REGION1/);
  });

  test('is missed where the store has lost parts of it', async () => {
    await copyAllRows();
    await use().copies.forgetParts(await use().read(), 2);
    remove();
    expect(await use().runAll()).toEqual(use().toAll('fail-import'));
  });
});

describe('an upload that the store does not know any more', () => {
  const lose = async (): Promise<void> => {
    const copy = await use().read();
    if (copy.uploadId) await use().state.relay.abortUpload(objectKey(copy), copy.uploadId, { signal });
  };

  test('begins the copy anew, and nothing of the old one is left', async () => {
    await use().run();
    await use().run({ row: 1 });
    const before = await use().read();
    await lose();
    // After a while.
    expect(await use().run({ row: 2 })).toEqual([{ ...toRow(), delayS: 20 }]);
    const after = await use().read();
    expect(after.generation).not.toBe(before.generation);
    expect([after.uploadId, after.plan, after.rows.size, after.waiting]).toEqual([
      undefined,
      undefined,
      0,
      before.waiting,
    ]);
    expect((await use().copies.parts(before)).size).toBe(0);
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    expect((await use().object(wholeImage.length)).equals(wholeImage)).toBe(true);
  });

  test('is begun anew once by the rows that find it gone', async () => {
    await use().run();
    await lose();
    await use().run({ row: 1 });
    const { generation } = await use().read();
    expect(await use().run({ row: 2 })).toEqual([{ ...toRow(), delayS: 20 }]);
    expect((await use().read()).generation).toBe(generation);
  });

  test('begins nothing anew by an attempt that is at work no more: another one may have completed it', async () => {
    const run = await use().copyRun();
    const before = await use().read();
    await use().endRun(run);
    await use().copies.begin({ copyId: use().copyId, row: wholeCopy }, newAttemptId());
    const gone = () => Promise.reject(new FerryError('upload-gone', 'NoSuchUpload'));
    await expect(runResumably(use().services, run, gone)).rejects.toMatchObject({ code: 'claim-lost' });
    expect((await use().read()).generation).toBe(before.generation);
  });

  test('leaves no upload behind', async () => {
    await use().run();
    await lose();
    await use().run({ row: 1 });
    const { uploads } = await createTraces(use().state.aws).relay();
    expect(uploads.filter((key) => key.includes(use().copyId))).toEqual([]);
  });

  test('is begun anew five times, then fails and says who may have removed it', async () => {
    for (let lost = 1; lost <= 6; lost += 1) {
      await use().run();
      await lose();
      await use().run({ row: 1 });
    }
    expect(await use().run()).toEqual(use().toAll('fail-import'));
    expect((await use().read()).failure).toEqual({
      code: 'misconfigured',
      reason: expect.stringMatching(
        /^Failed to copy image \S+ of region \S+: the relay bucket has lost its upload 6 times \(NoSuchUpload\), so /,
      ),
    });
  });

  test('is found when the parts are gathered as well', async () => {
    await copyAllRows();
    await lose();
    const [message] = await use().run();
    expect(message).toMatchObject(toRow());
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
  });
});
