import { expect, test } from 'vitest';
import { otherRegion, targetRegionsOf } from '../../../lib/clouds/target-regions.ts';

const north = 'https://keystone.north.example/v3';

test('names, all of the catalog, and regions of other clouds with their Keystones are told apart', () => {
  expect(targetRegionsOf(['REGION3', '*', `NORTH=${north}`, 'a=b', `eu west = ${north}`])).toEqual({
    own: ['REGION3', 'a=b', `eu west = ${north}`],
    isEvery: true,
    others: [{ name: 'NORTH', authUrl: north }],
  });
});

test.each(['eu/west', 'eu%2Fwest', 'EU/West'])('a path may name one as %s', (region) => {
  const regions = targetRegionsOf([`eu/west=${north}`]);
  expect(otherRegion(regions, region)?.authUrl).toBe(north);
  expect(otherRegion(regions, 'eu')).toBeUndefined();
  expect(otherRegion(regions, '%')).toBeUndefined();
});
