import { expect, test } from 'vitest';
import { progressMessage, unproven } from '../../../../lib/copies/record/progress-message.ts';

test.each([
  [5 * 1024 ** 2, 7.9 * 1024 ** 2, undefined, 'Copied 5 MiB of 7 MiB'],
  [5 * 1024 ** 2, undefined, undefined, 'Copied 5 MiB'],
  [0, 1024 ** 2, 'Verified', 'Verified 0 MiB of 1 MiB'],
] as const)('%i of %s bytes is told in Glance’s words', (done, size, what, text) => {
  expect(progressMessage(done, size, what)).toBe(text);
});

test.each([
  ['sha512', ''],
  [
    'size',
    '. The source has no hash that could be compared: nothing vouched for its bytes beyond their size',
  ],
  [undefined, '. The source has no hash that could be compared: nothing vouched for its bytes'],
])('an import that was proven by %s says so if nothing vouched', (provenBy, message) => {
  expect(unproven(provenBy === undefined ? {} : { provenBy })).toBe(message);
});
