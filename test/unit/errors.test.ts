import { expect, test } from 'vitest';
import {
  asFerryError,
  type ErrorCode,
  errorRules,
  FerryError,
  hasCode,
  isMistake,
} from '../../lib/errors.ts';

const rules = Object.entries(errorRules) as [ErrorCode, { status: number; retryable: boolean }][];

test.each(rules)('%s knows its status and whether another try is worth it', (code, rule) => {
  const error = new FerryError(code, 'why');
  expect({ status: error.status, retryable: error.retryable }).toEqual(rule);
});

test('what the caller has done wrong is never tried again; what is our fault or a failure is, if no person must act', () => {
  for (const [code, { status, retryable }] of rules) {
    if (status < 500) expect(retryable, code).toBe(false);
    if ([500, 503].includes(status)) expect(retryable, code).toBe(code !== 'misconfigured');
  }
});

test('a foreign error becomes internal, and its text stays inside', () => {
  const cause = new Error('password=hunter2');
  const error = asFerryError(cause);
  expect(error).toMatchObject({ code: 'internal', status: 500, retryable: true, cause });
  expect(error.message).toBe(
    'The server has either erred or is incapable of performing the requested operation.',
  );
});

test.each([undefined, null, 'text', { code: 'unavailable' }])('%j, thrown, becomes internal', (thrown) => {
  expect(asFerryError(thrown)).toMatchObject({ code: 'internal', cause: thrown });
});

test('an error of ours stays itself', () => {
  const error = new FerryError('unavailable', 'later');
  expect(asFerryError(error)).toBe(error);
});

test('an explanation names the operation where the message is only the reason of another service', () => {
  expect(new FerryError('unavailable', 'later').explanation).toBe('later');
  const refused = new FerryError('forbidden', 'You may not.', { operation: 'get image 1' });
  expect(refused.explanation).toBe('Failed to get image 1: You may not.');
});

test('a message of any length is one that a task, a log line and an event can hold', () => {
  const said = `${'x'.repeat(400_000)}: its reason`;
  const error = new FerryError('conflict', said, { operation: 'update image 1' });
  expect(error.message).toMatch(/^x{3071}…x+: its reason$/);
  expect(error.explanation).toMatch(/^Failed to update image 1: x+…x+: its reason$/);
  expect(error.explanation).toHaveLength(4096);
});

test('codes are asked for by name, and only errors of ours have one', () => {
  const error = new FerryError('unavailable', 'later');
  expect(hasCode(error, 'internal', 'unavailable')).toBe(true);
  expect(hasCode(error, 'internal')).toBe(false);
  expect(hasCode({ code: 'unavailable' }, 'unavailable')).toBe(false);
});

test.each([TypeError, RangeError, ReferenceError, SyntaxError, URIError])(
  '%o is a mistake of ours',
  (Mistake) => {
    expect(isMistake(new Mistake('x is undefined'))).toBe(true);
  },
);

test.each([
  [
    'a plain Error, which tells what the other side did',
    new Error('the connection ended before an answer came'),
  ],
  [
    'what a system or a library says',
    Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL' }),
  ],
  ['an answer that the SDK cannot read', Object.assign(new SyntaxError('<'), { $response: {} })],
  ['one that is no JSON', Object.assign(new SyntaxError('<'), { $responseBodyText: '<html>' })],
])('%s is none', (_, error) => expect(isMistake(error)).toBe(false));
