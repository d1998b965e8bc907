import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOf, pathOf, urlOf } from '../../../lib/api/address.ts';

const addressed = (headers: Record<string, string>, region?: string) =>
  addressOf({ headers, ...(region !== undefined && { pathParameters: { region } }) });

describe('where a request was sent to', () => {
  test.each([
    [{ host: 'ferry.example', 'x-forwarded-proto': 'https' }, 'https://ferry.example'],
    [{ host: '127.0.0.1:3000' }, 'http://127.0.0.1:3000'],
    [{ host: '[::1]:3000' }, 'http://[::1]:3000'],
    [{}, 'http://localhost'],
  ])('%j is %s', (headers, root) => {
    expect(addressed(headers)).toEqual({ root, region: undefined });
    expect(addressed(headers, 'Süd West')).toEqual({ root, region: 'Süd West' });
  });

  test.each(['a b', 'h/path', 'user@h', 'h:123456', 'ä', '', 'x'.repeat(256)])(
    'is nothing with Host %j',
    (host) => {
      expect(() => addressed({ host })).toThrow('The Host header is not valid.');
    },
  );
});

test('a link to a region leads back to it, whatever its name', () => {
  const root = 'https://ferry.example';
  expect(urlOf({ root, region: undefined })).toBe(root);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (region) => {
      const path = pathOf(region);
      expect(path).toMatch(/^\/regions\/[!-~]+$/);
      expect(path.slice('/regions/'.length)).not.toContain('/');
      expect(decodeURIComponent(path.slice('/regions/'.length))).toBe(region);
    }),
  );
});
