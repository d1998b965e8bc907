import { describe, expect, test } from 'vitest';
import { type CopyIdentity, copyIdOf, copyProjectOf } from '../../../../lib/copies/record/copy-id.ts';
import type { ImageId } from '../../../../lib/schemas/ids.ts';

const source = {
  kind: 'glance-download',
  region: 'REGION1',
  interface: 'public',
  imageId: '11111111-1111-1111-1111-111111111111' as ImageId,
  endpoint: 'http://glance1',
} as const;
const one: CopyIdentity = { projectId: 'p', source, taskId: 'task 1', identity: '5 bytes sha512 ab' };
const web: CopyIdentity = { ...one, source: { kind: 'web-download' }, identity: 'https://h/i' };

test('the id is one that messages and keys take', () => {
  expect(copyIdOf(one)).toMatch(/^[0-9a-f]{64}$/);
  expect(copyIdOf(one)).toBe(copyIdOf({ ...one }));
});

describe('a copy is shared', () => {
  test('by all imports of a project from the same bytes of the same image', () => {
    expect(copyIdOf({ ...one, taskId: 'task 2' })).toBe(copyIdOf(one));
  });
});

test('a copy is the project’s with whose rights its source is read, in the source’s cloud', () => {
  const owner = 'p';
  expect(copyProjectOf({ owner, source })).toBe('p');
  expect(copyProjectOf({ owner, source: { ...source, projectId: 'q' } })).toBe('q');
  expect(copyProjectOf({ owner, source: { kind: 'web-download' } })).toBe('p');
});

describe('a copy is never shared', () => {
  const { endpoint: _, ...withoutEndpoint } = source;
  test.each<[string, Partial<CopyIdentity>]>([
    ['between projects', { projectId: 'q' }],
    ['by images of two regions', { source: { ...source, region: 'REGION3' } }],
    ['by regions that differ in case', { source: { ...source, region: 'region1' } }],
    ['by two images', { source: { ...source, imageId: source.imageId.replace(/1$/, '2') as ImageId } }],
    ['by two interfaces', { source: { ...source, interface: 'internal' } }],
    ['by two endpoints', { source: { ...source, endpoint: 'http://elsewhere' } }],
    ['with a source that has no endpoint', { source: withoutEndpoint }],
    ['after the source has changed', { identity: '5 bytes sha512 cd' }],
    ['with a URL', { source: { kind: 'web-download' } }],
  ])('%s', (_, other) => {
    expect(copyIdOf({ ...one, ...other })).not.toBe(copyIdOf(one));
  });

  test('by two web-downloads, though of the same URL', () => {
    expect(copyIdOf({ ...web, taskId: 'task 2' })).not.toBe(copyIdOf(web));
    expect(copyIdOf({ ...web })).toBe(copyIdOf(web));
  });

  test('where names flow into each other', () => {
    const ends = { ...one, projectId: 'p","glance-download' };
    const begins = { ...one, source: { ...source, region: 'REGION1","public' } };
    expect(new Set([one, ends, begins].map(copyIdOf)).size).toBe(3);
  });
});
