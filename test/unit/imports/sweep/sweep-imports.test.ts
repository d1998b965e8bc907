import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStoreSweep } from '../../../../lib/aws/state/sweep.ts';
import { objectKey } from '../../../../lib/copies/record/object-key.ts';
import { FerryError } from '../../../../lib/errors.ts';
import { createSweepImports } from '../../../../lib/imports/sweep/sweep-imports.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import type { Remains } from '../../../../lib/state/remains.ts';
import { dyingAfter, makeCopy, relayOf, useLocalState } from '../../local-state.ts';
import { taskFixture } from '../task-fixture.ts';

const use = useLocalState();
const { signal } = new AbortController();
const hour = 3_600_000; // ms
const none = { send: 0, resume: 0, release: 0, leave: 0, end: 0, clear: 0, forget: 0, failed: 0, left: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
/** Nothing is left for the next test. */
afterEach(async () => {
  vi.useRealTimers();
  const items: { readonly subject: string; readonly item: string }[] = [];
  for await (const page of use().table.scan())
    items.push(...page.map(({ subject, item }) => ({ subject: String(subject), item: String(item) })));
  for (const key of items) await use().table.remove(key);
  use().sent.length = 0;
});

const pass = (hours: number): void => {
  vi.setSystemTime(Date.now() + hours * hour);
};
const sweep = (more: Partial<Parameters<typeof createSweepImports>[0]> = {}, options = { signal }) =>
  createSweepImports({ ...use(), store: createStoreSweep(use().table), ...more })(options);
const copyOf = async (...tasks: ReturnType<typeof taskFixture>[]) => {
  const [first = taskFixture(), ...others] = tasks;
  const copy = await makeCopy(use(), [first, ...others]);
  await use().relay.createUpload(objectKey(copy), { signal });
  await use().copies.savePart(copy, { number: 1, etag: 'e', size: 1, checksum: 'c' });
  return copy;
};
const begun = async () => {
  const task = taskFixture();
  await use().claims.take(task);
  await use().tasks.create(task);
  return task;
};

test('an import and its copy whose messages were lost get new ones, to go on', async () => {
  const task = await begun();
  const copy = await copyOf(task);
  await use().tasks.update(task, { copyId: copy.copyId });
  pass(5);
  expect(await sweep()).toEqual(none);
  pass(4);
  expect(await sweep()).toEqual({ ...none, send: 1, resume: 1 });
  expect(use().sent).toEqual([
    { to: 'stream-image', message: importRef(task) },
    { to: 'stream-image', message: { copyId: copy.copyId } },
  ]);
  expect((await use().tasks.get(task))?.revivals).toBe(1);
  await use().relay.clear(objectKey(copy), { signal });
});

test('an import that has lost its claim is sent for its end, which says why', async () => {
  const task = await begun();
  await use().claims.release(task);
  pass(2);
  expect(await sweep()).toEqual({ ...none, send: 1 });
  expect(use().sent).toEqual([{ to: 'fail-import', message: importRef(task) }]);
  expect((await use().tasks.get(task))?.failure).toMatch(/sign of life for hours/);
});

test('a copy that was kept goes when its time has come, and not before', async () => {
  const task = taskFixture();
  const copy = await makeCopy(use(), [task], { transferred: { size: 1, digests: {} } });
  await use().relay.createUpload(objectKey(copy), { signal });
  await use().copies.leave(copy.copyId, task, 24 * hour);
  pass(23);
  expect(await sweep()).toEqual(none);
  pass(2);
  expect(await sweep()).toEqual({ ...none, end: 1 });
  expect(await use().copies.get(copy.copyId)).toBeUndefined();
  expect(await relayOf(use())).toEqual({ objects: [], uploads: [] });
});

test('a copy is left for an import that has ended without leaving it, and cleared up after the last one', async () => {
  const ended = await begun();
  const copy = await copyOf(ended);
  await use().tasks.finish(ended, { status: 'failure', message: 'x' });
  await use().claims.release(ended);
  expect(await sweep()).toEqual({ ...none, leave: 1 });
  expect(await use().copies.get(copy.copyId)).toBeUndefined();
  expect(await relayOf(use())).toEqual({ objects: [], uploads: [] });
});

test('parts and uploads of no copy go', async () => {
  const copy = await copyOf();
  await use().copies.remove(copy);
  expect(await sweep()).toEqual({ ...none, clear: 1 });
  expect((await use().copies.parts(copy)).size).toBe(0);
  expect(await relayOf(use())).toEqual({ objects: [], uploads: [] });
});

/** The store as it was before something has begun to live. */
const seenBefore = (seen: Partial<Remains>) => {
  const nothing = { tasks: [], claims: [], copies: [], parts: [], seats: [] };
  return { store: { look: async () => ({ ...nothing, ...seen }), forgetSeat: async () => undefined } };
};

test('what began while the table was read is left alone', async () => {
  const task = await begun();
  const copy = await copyOf(task);
  // Its task was not there yet, or not its copy.
  await sweep(seenBefore({ copies: [copy] }));
  await sweep(seenBefore({ parts: [copy] }));
  const now = await use().copies.get(copy.copyId);
  expect(now?.waiting).toEqual([importRef(task)]);
  expect((await use().copies.parts(copy)).size).toBe(1);
  expect((await relayOf(use())) as object).toMatchObject({ uploads: [objectKey(copy)] });
  await use().relay.clear(objectKey(copy), { signal });
});

test('what cannot be swept now does not keep the rest', async () => {
  const { relay } = use();
  const [one, other] = [await copyOf(), await copyOf()];
  for (const copy of [one, other]) await use().copies.remove(copy);
  let calls = 0;
  const clear: (typeof relay)['clear'] = (key, options) => {
    calls += 1;
    return calls === 1 ? Promise.reject(new Error('refused')) : relay.clear(key, options);
  };
  expect(await sweep({ relay: { ...relay, clear } })).toEqual({ ...none, clear: 1, failed: 1 });
  expect(await sweep()).toEqual({ ...none, clear: 1 });
  expect(await relayOf(use())).toEqual({ objects: [], uploads: [] });
});

test('imports are taken care of although the relay cannot be listed', async () => {
  await begun();
  pass(9);
  const relay = dyingAfter(use().relay, 'keysUnder');
  expect(await sweep({ relay })).toEqual({ ...none, send: 1 });
});

describe('a sweep whose time ends', () => {
  const reason = new FerryError('out-of-time', "The function's time ended");

  test('says what it has done, and leaves the rest for the next run', async () => {
    const copies = [await copyOf(), await copyOf(), await copyOf()];
    for (const copy of copies) await use().copies.remove(copy);
    const { relay } = use();
    const time = new AbortController();
    let calls = 0;
    const clear: (typeof relay)['clear'] = async (key, options) => {
      calls += 1;
      if (calls === 2) time.abort(reason); // in the middle of the second one
      options.signal.throwIfAborted();
      await relay.clear(key, options);
    };
    expect(await sweep({ relay: { ...relay, clear } }, time)).toEqual({ ...none, clear: 1, left: 2 });
    expect(await sweep()).toEqual({ ...none, clear: 2 });
    expect(await relayOf(use())).toEqual({ objects: [], uploads: [] });
  });

  test('before everything was listed fails for that reason, and has done nothing', async () => {
    await begun();
    pass(9);
    await expect(sweep({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(use().sent).toEqual([]);
  });
});
