import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createStreamImage } from '../../../lib/copies/stream-image.ts';
import { asFerryError, FerryError } from '../../../lib/errors.ts';
import { newAttemptId } from '../../../lib/schemas/ids.ts';
import { wholeCopy } from '../../../lib/state/refs.ts';
import { newImport } from '../../contract/state/fixtures.ts';
import { deadlineOf } from '../steps/step-at-work.ts';
import { MiB, smallImage, useCopy } from './copy-at-work.ts';

const use = useCopy({ bytes: smallImage });
const sha512 = createHash('sha512').update(smallImage).digest('hex');

describe('a small image', () => {
  test('is copied in one stream, proven, and handed on to all who wait', async () => {
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    const { transferred, plan, verification } = await use().read();
    expect(transferred).toEqual({ size: smallImage.length, digests: { sha512 }, provenBy: 'sha512' });
    expect([plan, verification]).toEqual([undefined, undefined]);
    expect((await use().object(smallImage.length)).equals(smallImage)).toBe(true);
    expect(use().server.asked).toHaveLength(1);
  });

  test('that is copied is only handed on, also to who has joined since', async () => {
    await use().run();
    const late = newImport();
    await use().copies.join(use().copyId, late);
    use().server.asked.length = 0;
    const messages = await use().run();
    expect(new Set(messages)).toEqual(new Set(use().toAll('apply-metadata', [...use().waiting, late])));
    expect(use().server.asked).toEqual([]);
  });

  test('tells several who wait by a message of its own, which no import’s end takes with it', async () => {
    expect(await use().run()).toEqual([{ to: 'stream-image', message: { copyId: use().copyId } }]);
    expect(await use().run()).toEqual(use().toAll('apply-metadata'));
  });

  test('asks for a seat to be copied, and for none to be handed on', async () => {
    const { waitingOf } = createStreamImage(use().services);
    const row = { copyId: use().copyId, row: wholeCopy };
    expect(waitingOf?.(await use().read(), row)).toMatchObject({ work: `${use().copyId}#0` });
    await use().run();
    expect(waitingOf?.(await use().read(), row)).toBeUndefined();
  });

  test('whose source is deleted while its object is proven is proven all the same', async () => {
    await use().putObject(smallImage);
    const [whole, attempt] = [{ copyId: use().copyId, row: wholeCopy }, newAttemptId()];
    await use().copies.begin(whole, attempt);
    await use().copies.update(whole, attempt, { stored: { size: smallImage.length } });
    await use().copies.pause(whole, attempt);
    for (const { taskId } of use().waiting) use().server.refused.set(taskId, { record: 404, data: 404 });
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    expect((await use().read()).transferred).toMatchObject({ digests: { sha512 }, provenBy: 'sha512' });
  });

  test('whose imports are all about to leave is not copied, until somebody else joins', async () => {
    for (const { taskId } of use().waiting) use().failed.set(taskId, new FerryError('conflict', 'over'));
    const message = { to: 'stream-image', message: { copyId: use().copyId }, delayS: 20 };
    expect(await use().run()).toEqual([message]);
    expect(use().server.asked).toEqual([]);
  });

  test('of nothing is no object, and proven all the same', async () => {
    await use().beginOf({ bytes: Buffer.alloc(0) });
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    const digests = { sha512: createHash('sha512').digest('hex') };
    expect((await use().read()).transferred).toEqual({ size: 0, digests, provenBy: 'sha512' });
  });

  test('is not copied twice by two messages at once', async () => {
    const attempt = newAttemptId();
    await use().copies.begin({ copyId: use().copyId, row: wholeCopy }, attempt);
    const message = { copyId: use().copyId };
    expect(await use().run()).toEqual([{ to: 'stream-image', message, delayS: 60 }]);
    expect(use().server.asked).toEqual([]);
  });
});

describe('a copy that fails for good', () => {
  test('because its bytes are not what the record says fails all who wait, and leaves no object', async () => {
    use().server.image = {
      bytes: Buffer.from(smallImage).fill(~(smallImage[0] ?? 0), 0, 1),
      hash: { algorithm: 'sha512', value: sha512 },
    };
    expect(await use().runAll()).toEqual(use().toAll('fail-import'));
    const { failure, transferred } = await use().read();
    expect(failure).toMatchObject({
      code: 'data-mismatch',
      reason: expect.stringMatching(/^Failed to copy image .* of region REGION1: the bytes have sha512 /),
    });
    expect(transferred).toBeUndefined();
    await expect(use().object(smallImage.length)).rejects.toThrow();
  });

  test('because its source has changed says so', async () => {
    use().server.image = { bytes: smallImage.subarray(1) };
    expect(await use().runAll()).toEqual(use().toAll('fail-import'));
    expect((await use().read()).failure?.reason).toMatch(/the source changed while it was copied$/);
    expect(use().server.asked).toEqual([]);
  });

  test('tells them again, for its first reason, when its message comes again', async () => {
    const failure = { reason: 'no such source', code: 'not-found' } as const;
    await use().copies.fail(await use().read(), failure);
    expect(await use().run()).toEqual(use().toAll('fail-import'));
    expect((await use().read()).failure).toEqual(failure);
    expect(use().server.asked).toEqual([]);
  });

  test('because the image is larger than it may be says what is allowed', async () => {
    use().services = { ...use().services, imageSizeCap: MiB };
    expect(await use().runAll()).toEqual(use().toAll('fail-import'));
    expect((await use().read()).failure).toEqual({
      code: 'limit-exceeded',
      reason: `The image's ${smallImage.length} bytes exceed image_size_cap, ${MiB} bytes`,
    });
  });
});

describe('a copy that fails for now', () => {
  test('keeps its message and its reason, and goes on where its parts end', async () => {
    use().server.image = { bytes: smallImage, stallsAt: 1.5 * MiB };
    const ended = new AbortController();
    const deadline = deadlineOf(ended.signal);
    const run = use().run({}, { deadline });
    await expect.poll(use().partsStored).toEqual([1]);
    ended.abort(new FerryError('unavailable', 'the source was away'));
    await expect(run).rejects.toThrow('the source was away');
    const lastFailure = { reason: 'the source was away', code: 'unavailable' };
    expect(await use().read()).toMatchObject({ lastFailure, copied: MiB });
    expect(use().hidden.at(-1)).toBe(10);

    use().server.image = { bytes: smallImage };
    use().server.asked.length = 0;
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    expect(use().server.asked.map(({ range }) => range)).toEqual([`bytes=${MiB}-`]);
    expect((await use().read()).transferred?.digests).toEqual({ sha512 });
  });

  test('by a mistake of our own is internal, and its text stays in the log', async () => {
    const mistake = new TypeError("Cannot read properties of undefined (reading 'uploadId')");
    const relay = { ...use().services.relay, createUpload: () => Promise.reject(mistake) };
    use().services = { ...use().services, relay };
    const thrown = await use()
      .run()
      .catch((error: unknown) => error);
    expect(asFerryError(thrown)).toMatchObject({ code: 'internal', cause: mistake });
    expect((await use().read()).lastFailure?.reason).not.toContain('undefined');
  });
});

describe('a source whose store has no ranges', () => {
  test('is read again from its first byte after a break, but what is stored is not sent again', async () => {
    use().server.image = { bytes: smallImage, hasNoRanges: true, stallsAt: 1.5 * MiB };
    const ended = new AbortController();
    const run = use().run({}, { deadline: deadlineOf(ended.signal) });
    await expect.poll(use().partsStored).toEqual([1]);
    ended.abort(new FerryError('unavailable', 'away'));
    await expect(run).rejects.toThrow('away');

    use().server.image = { bytes: smallImage, hasNoRanges: true };
    const sent: number[] = [];
    const { relay } = use().services;
    const watched: typeof relay = {
      ...relay,
      uploadPart: (part, options) => {
        sent.push(part.number);
        return relay.uploadPart(part, options);
      },
    };
    use().services = { ...use().services, relay: watched };
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    expect(sent).toEqual([2]);
    expect((await use().object(smallImage.length)).equals(smallImage)).toBe(true);
  });
});

test('a message that comes again and again, each time with more stored, comes anew before it is a dead letter', async () => {
  const row = { copyId: use().copyId, row: wholeCopy };
  const part = (number: number) => ({ number, etag: 'e', size: MiB, checksum: 'c' });
  const copy = await use().read();
  const attempt = newAttemptId();
  await use().copies.begin(row, attempt);
  expect(await use().copies.advance(row, attempt, 1)).toBe(true);
  await use().copies.pause(row, attempt);
  for (const number of [1, 2]) await use().copies.savePart(copy, part(number));
  const anew = [{ to: 'stream-image', message: { copyId: use().copyId }, delayS: 0 }];
  expect(await use().run({}, { receiveCount: 3 })).toEqual(anew);
  expect(use().server.asked).toEqual([]);
});

test('a copy that waits for its turn keeps the claims of all who wait for it', async () => {
  const copy = await use().read();
  await createStreamImage(use().services).stillWaits?.(copy);
  expect(use().touched).toEqual(use().waiting.map(({ taskId }) => taskId));
});
