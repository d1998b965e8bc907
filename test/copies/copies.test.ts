import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Glance } from '../cloud/openstack/glance/glance.ts';
import { expectNothingLeft } from '../integration/nothing-left.ts';
import {
  begin,
  beginAll,
  beginFrom,
  copiesOf,
  expectActiveCopy,
  expectFailure,
  expectWaiting,
  formats,
  glanceOf,
  holdBack,
  type Import,
  MiB,
  newSource,
  nineRegions,
  once,
  readsOf,
  targetRegions,
  taskOf,
  timesAsked,
} from '../integration/one-source.ts';
import { useFerry } from '../integration/use-ferry.ts';
import { useWebServer } from '../integration/use-web-server.ts';
import { bytesPage } from '../integration/web-server.ts';

/** Up to 5 MiB in one stream, more in segments. */
const ways = [
  ['in one stream', 3 * MiB],
  ['in segments', 7 * MiB],
] as const;

const web = useWebServer();
const ferry = useFerry(() => ({
  ...nineRegions,
  env: {
    ...nineRegions.env,
    HEARTBEAT_S: '2',
    OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: new URL(web.url).port,
  },
}));
/** Of eight, those whose imports join the copy that the first one's has begun. */
const otherRegions = targetRegions.slice(1);
let region1: Glance;

beforeAll(() => {
  region1 = glanceOf(ferry, 'REGION1');
});
afterEach(() => {
  for (const region of ['REGION1', ...targetRegions]) glanceOf(ferry, region).clearFaults();
});

/** A source, and what lets its data go. */
const heldSource = async (size: number, from = 1) => {
  const source = await newSource(ferry, size);
  return { source, release: holdBack(ferry, source, from) };
};

const expectAllActive = async (source: Parameters<typeof once>[0], imports: readonly Import[]) => {
  for (const one of imports) await expectActiveCopy(ferry, source, one);
};

describe.each(ways)('one source into eight regions at the same moment, %s', (_way, size) => {
  test('becomes eight active images, and is read once', async () => {
    const { source, release } = await heldSource(size);
    const imports = await beginAll(ferry, source, targetRegions);
    await expectWaiting(ferry, 8);
    release();
    await expectAllActive(source, imports);
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await expectNothingLeft(ferry);
  });

  test('becomes seven when one target is deleted meanwhile', async () => {
    const { source, release } = await heldSource(size);
    const [deleted, ...others] = await beginAll(ferry, source, targetRegions);
    if (!deleted) throw new Error('there is no region');
    const { region, imageId, taskId, token } = deleted;
    await expectWaiting(ferry, 8);
    const url = `${glanceOf(ferry, region).url}/v2/images/${imageId}`;
    const answer = await fetch(url, { method: 'DELETE', headers: { 'x-auth-token': token } });
    expect(answer.status).toBe(204);
    release();
    await expectAllActive(source, others);
    const task = async () => (await ferry.traces.items()).find((item) => item['taskId'] === taskId);
    const message = expect.stringMatching(
      new RegExp(
        `^(Image ${imageId} was deleted while its import ran|.*No image found with ID ${imageId}.*)$`,
      ),
    );
    await expect.poll(task, { timeout: 60_000 }).toMatchObject({ status: 'failure', message });
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await expectNothingLeft(ferry);
  });
});

/** What the source, or the target, has said of a token that has ended. */
const refused =
  /: the token is not accepted \(any more\)$|^Region REGION1 does not accept the token of this import$/;

test('a token that ends while a copy is made in one stream ends its import, and the copy goes on with the rights of the others', async () => {
  const source = await newSource(ferry, 3 * MiB);
  const { promise: until, reject: breakOff } = Promise.withResolvers<void>();
  region1.fault(source.id, { on: 'get-file', kind: 'hold', from: MiB, until });
  const first = await beginFrom(ferry, source, 'REGION2');
  await expect.poll(() => readsOf(ferry, source).length).toBe(1);
  const others = await beginAll(ferry, source, otherRegions);
  await expectWaiting(ferry, 8);
  ferry.openstack.keystone.tokens.expire(first.token);
  breakOff();
  await expectAllActive(source, others);
  await expectFailure(ferry, { ...first, token: ferry.openstack.issueToken('demo') }, refused);
  await expectNothingLeft(ferry);
});

describe('a token that ends while segments are copied', () => {
  const expireFirst = async (isFirst: (of: Import) => Promise<boolean>, imports: readonly Import[]) => {
    for (const one of imports) {
      if (!(await isFirst(one))) continue;
      ferry.openstack.keystone.tokens.expire(one.token);
      return one;
    }
    throw new Error('there is no such import');
  };

  /** Whose rights the copy takes next. */
  const isAskedNext = async ({ taskId }: Import): Promise<boolean> =>
    (await copiesOf(ferry))[0]?.waiting[0]?.includes(taskId) ?? false;

  test('ends its import with the reason, and the copy goes on with the rights of the others', async () => {
    const { source, release } = await heldSource(12 * MiB);
    const imports = await beginAll(ferry, source, targetRegions);
    await expectWaiting(ferry, 8);
    await expect.poll(() => readsOf(ferry, source).length).toBe(2);
    const expired = await expireFirst(isAskedNext, imports);
    release();
    const others = imports.filter((one) => one !== expired);
    await expectAllActive(source, others);
    const token = ferry.openstack.issueToken('demo');
    await expectFailure(ferry, { ...expired, token }, refused);
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await expectNothingLeft(ferry);
  });

  test('ends the import that has begun the copy, and no other', async () => {
    const { source, release } = await heldSource(12 * MiB);
    const first = await beginFrom(ferry, source, 'REGION2');
    await expect.poll(() => readsOf(ferry, source).length).toBeGreaterThan(0);
    const others = await beginAll(ferry, source, otherRegions);
    await expectWaiting(ferry, 8);
    ferry.openstack.keystone.tokens.expire(first.token);
    release();
    await expectAllActive(source, others);
    const token = ferry.openstack.issueToken('demo');
    await expectFailure(ferry, { ...first, token }, refused);
    expect(timesAsked(ferry, source)).toEqual(once(source));
    await expectNothingLeft(ferry);
  });
});

test('a region that asks when the copy is finished gets it at once', async () => {
  const source = await newSource(ferry, 4 * MiB);
  const target = await glanceOf(ferry, 'REGION2').createImage({ name: 'copy' });
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  glanceOf(ferry, 'REGION2').fault(target.id, { on: 'put-file', kind: 'hold', from: MiB, until });
  const first = await beginFrom(ferry, source, 'REGION2', { imageId: target.id });
  const status = () => glanceOf(ferry, 'REGION2').image(target.id)?.status;
  await expect.poll(status, { timeout: 60_000 }).toBe('saving');
  await expectActiveCopy(ferry, source, await beginFrom(ferry, source, 'REGION3'));
  expect(status()).toBe('saving');
  release();
  await expectActiveCopy(ferry, source, first);
  expect(timesAsked(ferry, source)).toEqual(once(source));
  await expectNothingLeft(ferry);
});

test('each task shows how far the copy is, whoever has begun it', async () => {
  const { source, release } = await heldSource(12 * MiB, 10 * MiB);
  const imports = await beginAll(ferry, source, targetRegions.slice(0, 3));
  for (const one of imports)
    await expect
      .poll(() => taskOf(ferry, one), { timeout: 60_000 })
      .toMatchObject({
        status: 'processing',
        message: 'Copied 10 MiB of 12 MiB',
      });
  release();
  await expectAllActive(source, imports);
});

test.each(ways)('a copy that fails, %s, fails all who wait for it with its reason', async (_way, size) => {
  const { source, release } = await heldSource(size);
  region1.change(source.id, { os_hash_value: 'e'.repeat(128) });
  const imports = await beginAll(ferry, source, targetRegions.slice(0, 4));
  await expectWaiting(ferry, 4);
  release();
  for (const one of imports) await expectFailure(ferry, one, /sha512 \w+, the source's record says e{128}$/);
  expect(
    new Set(await Promise.all(imports.map(async (one) => (await taskOf(ferry, one))?.message))).size,
  ).toBe(1);
  expect(timesAsked(ferry, source)).toEqual(once(source));
  await expectNothingLeft(ferry);
});

test('a web-download is never shared: each import reads for itself', async () => {
  const bytes = Buffer.alloc(MiB, 'data');
  web.pages.set('/image', bytesPage(bytes));
  web.requests.length = 0;
  const method = { name: 'web-download', uri: `${web.url}/image` };
  const importTo = async (region: string) => {
    const { id: imageId } = await glanceOf(ferry, region).createImage({ name: 'copy', ...formats });
    return await begin(ferry, region, method, { imageId });
  };
  const imports = await Promise.all(['REGION2', 'REGION3'].map(importTo));
  for (const one of imports) {
    expect(await ferry.finished(one.imageId, one.token, one.region)).toMatchObject({ status: 'success' });
    expect(glanceOf(ferry, one.region).image(one.imageId)).toMatchObject({ status: 'active', size: MiB });
  }
  expect(web.requests.map(({ url }) => url)).toEqual(['/image', '/image']);
  await expectNothingLeft(ferry);
});
