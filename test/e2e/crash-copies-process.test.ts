import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Glance } from '../cloud/openstack/glance/glance.ts';
import { expectNothingStays } from '../integration/nothing-left.ts';
import {
  beginAll,
  expectActiveCopy,
  expectWaiting,
  glanceOf,
  MiB,
  newSource,
  nineRegions,
  readsOf,
  taskOf,
} from '../integration/one-source.ts';
import { useFerry } from '../integration/use-ferry.ts';

const regions = ['REGION2', 'REGION3', 'REGION4'];

const settings = { PARTS_IN_FLIGHT: '1', SEGMENT_SIZE_MIB: '15', SOURCE_STALL_S: '120', HEARTBEAT_S: '2' };
const ferry = useFerry({
  ...nineRegions,
  env: { ...nineRegions.env, ...settings },
  ownProcesses: true,
  // A message whose process dies before it has hidden it comes again when its queue says so.
  aws: { visibilityS: 5 },
});
let region1: Glance;

beforeAll(() => {
  region1 = glanceOf(ferry, 'REGION1');
});
afterEach(() => {
  for (const region of ['REGION1', ...regions]) glanceOf(ferry, region).clearFaults();
});

const soon = { timeout: 60_000, interval: 200 };

test.each([
  // One that stalls has stored two parts, or two segments have stored one each.
  [
    'in one stream',
    14,
    11,
    [
      [0, 14],
      [10, 14],
    ],
  ],
  [
    'in segments',
    28,
    6,
    [
      [0, 15],
      [5, 15],
      [15, 28],
      [20, 28],
    ],
  ],
])(
  'the process of a shared copy killed %s: it goes on where its stored parts end, for all who wait',
  async (_way, size, stallsAfter, asked) => {
    const source = await newSource(ferry, size * MiB);
    region1.fault(source.id, { on: 'get-file', kind: 'stall-after', bytes: stallsAfter * MiB, times: 99 });
    const imports = await beginAll(ferry, source, regions);
    await expectWaiting(ferry, 3);
    for (const one of imports)
      await expect
        .poll(async () => (await taskOf(ferry, one))?.message, soon)
        .toBe(`Copied 10 MiB of ${size} MiB`);
    region1.clearFaults();
    await ferry.kill('stream-image');
    for (const one of imports) await expectActiveCopy(ferry, source, one);
    const ranges = readsOf(ferry, source).map((read) => [read.asked.start / MiB, read.asked.end / MiB]);
    expect(ranges.sort(([a = 0], [b = 0]) => a - b)).toEqual(asked);
    await expectNothingStays(ferry);
  },
);

test('the processes of apply-metadata killed while all targets are given the same copy: each is activated anew', async () => {
  const source = await newSource(ferry, 4 * MiB);
  const imports = await beginAll(ferry, source, regions);
  for (const { region, imageId } of imports)
    glanceOf(ferry, region).fault(imageId, { on: 'put-file', kind: 'slow', bytesPerSecond: MiB });
  for (const { region, imageId } of imports)
    await expect.poll(() => glanceOf(ferry, region).image(imageId)?.status, soon).toBe('saving');
  await ferry.kill('apply-metadata');
  for (const one of imports) await expectActiveCopy(ferry, source, one);
  await expectNothingStays(ferry);
});
