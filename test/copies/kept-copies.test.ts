import { afterEach, expect, test, vi } from 'vitest';
import { expectNothingLeft } from '../integration/nothing-left.ts';
import {
  beginFrom,
  copiesOf,
  expectActiveCopy,
  expectFailure,
  MiB,
  newSource,
  nineRegions,
  once,
  timesAsked,
} from '../integration/one-source.ts';
import { useFerry } from '../integration/use-ferry.ts';

// RELAY_KEEP_H: a copy that nobody waits for any more is kept for who asks later.

const hours = 3_600_000;
const ferry = useFerry({ ...nineRegions, env: { ...nineRegions.env, RELAY_KEEP_H: '2' } });

afterEach(() => vi.useRealTimers());

const goAhead = (ms: number): void => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + ms);
};

const expectKept = async (): Promise<void> => {
  const kept = async () => (await copiesOf(ferry)).map(({ waiting }) => waiting);
  await expect.poll(kept).toEqual([[]]);
  const { objects, uploads } = await ferry.traces.relay();
  expect([objects.length, uploads.length]).toEqual([1, 0]);
};

test.each([
  ['in one stream', 4 * MiB],
  ['in segments', 12 * MiB],
])(
  'a region that asks later moves no byte from the source, of a copy made %s; at its end the copy goes',
  async (_way, size) => {
    const source = await newSource(ferry, size);
    await expectActiveCopy(ferry, source, await beginFrom(ferry, source, 'REGION2'));
    await expectKept();
    expect(timesAsked(ferry, source)).toEqual(once(source));

    await expectActiveCopy(ferry, source, await beginFrom(ferry, source, 'REGION3'));
    await expectKept();
    expect(timesAsked(ferry, source)).toEqual(once(source));

    goAhead(hours);
    await ferry.sweep();
    await expectKept();
    goAhead(hours + 60_000);
    await ferry.sweep();
    await expectNothingLeft(ferry);
  },
);

test('a kept copy is no other source’s, and not for who may not download it', async () => {
  const source = await newSource(ferry, 4 * MiB, { visibility: 'public' });
  const region1 = ferry.openstack.region('REGION1');
  await expectActiveCopy(ferry, source, await beginFrom(ferry, source, 'REGION2'));
  region1.setPolicy('secure');
  const token = ferry.openstack.issueToken('reader');
  const refused = await beginFrom(ferry, source, 'REGION3', { token });
  await expectFailure(ferry, refused, /not authorized to complete download_image/);
  region1.setPolicy('default');
  await expectKept();

  const likeIt = await newSource(ferry, 4 * MiB);
  await expectActiveCopy(ferry, likeIt, await beginFrom(ferry, likeIt, 'REGION4'));
  expect(timesAsked(ferry, likeIt)).toEqual(once(likeIt));
  expect(await copiesOf(ferry)).toHaveLength(2);
  goAhead(3 * hours);
  await ferry.sweep();
  await expectNothingLeft(ferry);
});

test('a copy that has failed is not kept', async () => {
  const source = await newSource(ferry, 4 * MiB);
  ferry.openstack.region('REGION1').change(source.id, { os_hash_value: 'e'.repeat(128) });
  await expectFailure(ferry, await beginFrom(ferry, source, 'REGION2'), /the source's record says e{128}$/);
  await expectNothingLeft(ferry);
});
