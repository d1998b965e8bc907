import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isListed, matches } from '../../../../lib/replication/policy/patterns.ts';

describe('a pattern', () => {
  test.each([
    ['Debian *', 'Debian 13', true],
    ['Debian ?3', 'Debian 13', true],
    ['Debian ?', 'Debian 13', false],
    ['*', '', true],
    ['?', '', false],
    ['', '', true],
    ['', 'a', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-c-b', false],
    ['**a', 'bba', true],
    ['[a].+', '[a].+', true],
    ['[a]', 'a', false],
  ])('%j, of %j: %j', (pattern, text, is) => expect(matches(pattern, text)).toBe(is));

  test('matches the text that it was made of, wherever a star takes the place of a piece', () => {
    const piece = fc.string().filter((text) => !/[*?]/.test(text));
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1 }), fc.string(), (pieces, filling) => {
        expect(matches(pieces.join('*'), pieces.join(filling))).toBe(true);
      }),
    );
  });
});

describe('a list of patterns', () => {
  test('is decided by the last that matches', () => {
    expect(isListed(['hw_*', '!hw_secret*', 'hw_secret_not'], 'hw_disk')).toBe(true);
    expect(isListed(['hw_*', '!hw_secret*', 'hw_secret_not'], 'hw_secret')).toBe(false);
    expect(isListed(['hw_*', '!hw_secret*', 'hw_secret_not'], 'hw_secret_not')).toBe(true);
    expect(isListed(['hw_*'], 'os_distro')).toBe(false);
    expect(isListed([], 'os_distro')).toBe(false);
  });
});
