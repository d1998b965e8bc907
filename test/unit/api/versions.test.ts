import { expect, test } from 'vitest';
import { versionDocument } from '../../../lib/api/versions.ts';

test('the version document names the version that brought the tasks API, at our own address', () => {
  const { versions } = versionDocument(new URL('https://ferry.example.org/versions'));
  expect(versions[0]).toEqual({
    id: 'v2.12',
    status: 'CURRENT',
    links: [{ rel: 'self', href: 'https://ferry.example.org/v2/' }],
  });
  expect(versions.slice(1).every(({ status }) => status === 'SUPPORTED')).toBe(true);
});
