import { expect, test } from 'vitest';
import { versionDocument } from '../../../lib/api/versions.ts';

const root = 'https://ferry.example.org';

test.each([
  ['at our own address', undefined, `${root}/v2/`],
  ['at the address of a region', 'REGION3', `${root}/regions/REGION3/v2/`],
  [
    'at the address of a region of an odd name',
    'eu.central/1 日本?',
    `${root}/regions/eu.central%2F1%20%E6%97%A5%E6%9C%AC%3F/v2/`,
  ],
])('the version document names the version that brought the tasks API, %s', (_, region, href) => {
  const { versions } = versionDocument({ root, region });
  expect(versions[0]).toEqual({ id: 'v2.12', status: 'CURRENT', links: [{ rel: 'self', href }] });
  expect(versions.slice(1).every(({ status }) => status === 'SUPPORTED')).toBe(true);
});
