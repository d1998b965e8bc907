import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Glance } from '../cloud/openstack/glance/glance.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { expectNothingLeft } from '../integration/nothing-left.ts';
import {
  beginFrom,
  copiesOf,
  expectActiveCopy,
  expectFailure,
  expectUntouched,
  expectWaiting,
  holdBack,
  MiB,
  newSource,
  nineRegions,
  once,
  readsOf,
  taskOf,
  timesAsked,
} from '../integration/one-source.ts';
import { useFerry } from '../integration/use-ferry.ts';

// Who may have a copy's bytes. In REGION1 a role is needed to read an image's data that is not needed to see its record.

const size = 4 * MiB;
const refused =
  /^Failed to download image \S+ of region REGION1: .*not authorized to complete download_image/;

const ferry = useFerry(nineRegions);
let region1: Glance;
let source: ImageView;
let release: () => void;

beforeAll(() => {
  region1 = ferry.openstack.region('REGION1');
});

/** Everybody sees it; its data is kept back. */
beforeEach(async () => {
  source = await newSource(ferry, size, { visibility: 'public' });
  release = holdBack(ferry, source);
});
afterEach(() => {
  region1.clearFaults();
  region1.setPolicy('default');
});

const tokenOf = (user: string) => ({ token: ferry.openstack.issueToken(user) });
const isRead = () => expect.poll(() => readsOf(ferry, source).length, { timeout: 60_000 });
/** Who was given any of the data, a first byte alone counts as well. */
const readers = () => new Set(region1.dataReads(source.id).map(({ user }) => user));

test("another project never gets a project's copy: it reads for itself", async () => {
  const own = await beginFrom(ferry, source, 'REGION2');
  await isRead().toBe(1);
  const others = await beginFrom(ferry, source, 'REGION3', tokenOf('other'));
  await isRead().toBe(2);
  const waiting = (await copiesOf(ferry)).map((copy) => copy.waiting.length);
  expect(waiting).toEqual([1, 1]);
  release();
  await expectActiveCopy(ferry, source, own);
  await expectActiveCopy(ferry, source, others);
  const all = { start: 0, end: size };
  expect(readsOf(ferry, source)).toMatchObject([
    { user: 'demo', project: 'demo', asked: all },
    { user: 'other', project: 'other', asked: all },
  ]);
  await expectNothingLeft(ferry);
});

test('a colleague of the same project shares it, and proves his own right by one byte', async () => {
  const first = await beginFrom(ferry, source, 'REGION2');
  await isRead().toBe(1);
  const second = await beginFrom(ferry, source, 'REGION3', tokenOf('colleague'));
  await expectWaiting(ferry, 2);
  release();
  await expectActiveCopy(ferry, source, first);
  await expectActiveCopy(ferry, source, second);
  expect(timesAsked(ferry, source)).toEqual(once(source));
  const byColleague = region1.dataReads(source.id).filter(({ user }) => user === 'colleague');
  expect(byColleague).toMatchObject([{ asked: { start: 0, end: 1 } }]);
  await expectNothingLeft(ferry);
});

describe('who may see an image but not download it gets no byte of it', () => {
  beforeEach(() => region1.setPolicy('secure'));

  test('when he joins the copy of one who may', async () => {
    const allowed = await beginFrom(ferry, source, 'REGION2');
    await isRead().toBe(1);
    const reader = await beginFrom(ferry, source, 'REGION3', tokenOf('reader'));
    await expectFailure(ferry, reader, refused);
    release();
    await expectActiveCopy(ferry, source, allowed);
    expectUntouched(ferry, reader);
    expect(readers()).toEqual(new Set(['demo']));
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await expectNothingLeft(ferry);
  });

  test('when he begins one', async () => {
    const reader = await beginFrom(ferry, source, 'REGION3', tokenOf('reader'));
    await expectFailure(ferry, reader, refused);
    expect(readers()).toEqual(new Set());
    await expectNothingLeft(ferry);
  });

  test('when he begins one, and one who may joins him: the copy goes on with the rights of that one', async () => {
    const reader = await beginFrom(ferry, source, 'REGION3', tokenOf('reader'));
    const allowed = await beginFrom(ferry, source, 'REGION2');
    await expectFailure(ferry, reader, refused);
    release();
    await expectActiveCopy(ferry, source, allowed);
    expect(readers()).toEqual(new Set(['demo']));
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await expectNothingLeft(ferry);
  });

  test('when he was refused while others wait, who are not told so', async () => {
    const allowed = await beginFrom(ferry, source, 'REGION2');
    await isRead().toBe(1);
    const second = await beginFrom(ferry, source, 'REGION4', tokenOf('colleague'));
    await expectWaiting(ferry, 2);
    await expectFailure(ferry, await beginFrom(ferry, source, 'REGION3', tokenOf('reader')), refused);
    const waiting = [allowed, second];
    for (const one of waiting) expect(await taskOf(ferry, one)).not.toMatchObject({ status: 'failure' });
    release();
    for (const one of waiting) await expectActiveCopy(ferry, source, one);
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await expectNothingLeft(ferry);
  });
});
