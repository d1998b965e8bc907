import fc from 'fast-check';
import { expect, test } from 'vitest';
import { echo } from '../../lib/echo.ts';

test.each([
  ['text', 'text'],
  ['', ''],
  [5, '5'],
  [null, 'null'],
  [['x', { a: 1 }], '["x",{"a":1}]'],
  [{ toString: 1 }, '{"toString":1}'],
  ['n'.repeat(255), 'n'.repeat(255)],
  ['n'.repeat(256), `${'n'.repeat(254)}…`],
  // Half of a pair of surrogates is no text.
  [`${'n'.repeat(253)}😀😀`, `${'n'.repeat(253)}\ufffd…`],
])('what a caller sent is quoted: %j', (value, quoted) => {
  expect(echo(value)).toBe(quoted);
});

test('whatever it is, 255 characters of it at most', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => echo(value).length <= 255));
});

test('lists within 20 000 lists are not written out', () => {
  const nested: unknown = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));
  expect(echo(nested)).toBe('something nested too deeply to be shown');
});
