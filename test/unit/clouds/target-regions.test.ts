import { expect, test } from 'vitest';
import { otherRegion, targetRegionsOf } from '../../../lib/clouds/target-regions.ts';

const north = 'https://keystone.north.example/v3';

test('names, all of the catalog, and regions of other clouds with their Keystones are told apart', () => {
  expect(targetRegionsOf(['REGION3', '*', `NORTH=${north}`, 'a=b', `eu west = ${north}`], 'REGION2')).toEqual(
    {
      own: ['REGION2', 'REGION3', 'a=b', `eu west = ${north}`],
      isEvery: true,
      others: [{ name: 'NORTH', authUrl: north }],
    },
  );
});

test.each(['eu/west', 'eu%2Fwest', 'EU/West'])('a path may name one as %s', (region) => {
  const regions = targetRegionsOf([`eu/west=${north}`], 'REGION2');
  expect(otherRegion(regions, region)?.authUrl).toBe(north);
  expect(otherRegion(regions, 'eu')).toBeUndefined();
  expect(otherRegion(regions, '%')).toBeUndefined();
});

test.each([
  ['OS_REGION_NAME', [`region2=${north}`]],
  ['another of them', ['NORTH', `NORTH=${north}`]],
  ['one of a third cloud', [`NORTH=${north}`, 'NORTH=https://third.example']],
])('a name that is that of %s as well stops the function', (_, items) => {
  expect(() => targetRegionsOf(items, 'REGION2')).toThrow('which is a region of another cloud too');
});
