import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { FerryError } from '../../lib/errors.ts';
import { innermostReason } from '../../lib/innermost-reason.ts';

const withCode = (code: string, message = ''): Error => Object.assign(new Error(message), { code });
const ofService = (name: string, message: string, httpStatusCode: number): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });

describe('the reason of an error', () => {
  test.each<[string, unknown, string]>([
    ['is its message', new Error('it broke'), 'it broke'],
    ['is its code where it has no message', withCode('ECONNRESET'), 'ECONNRESET'],
    ['is its name where it has neither', new RangeError(), 'RangeError'],
    [
      'is the innermost cause',
      new TypeError('fetch failed', {
        cause: new Error('terminated', { cause: withCode('EPIPE', 'write EPIPE') }),
      }),
      'write EPIPE',
    ],
    ['passes a cause that says nothing', new Error('no answer', { cause: new Error() }), 'no answer'],
    ['passes a cause that is no error', new Error('no answer', { cause: { token: 'gAAAA' } }), 'no answer'],
    [
      'names each address that failed',
      new AggregateError([
        withCode('ENETUNREACH', 'connect ENETUNREACH 2001:db8::1:443'),
        withCode('ECONNREFUSED', 'connect ECONNREFUSED 192.0.2.1:443'),
      ]),
      'connect ENETUNREACH 2001:db8::1:443; connect ECONNREFUSED 192.0.2.1:443',
    ],
    [
      'names four of many addresses',
      new AggregateError([1, 2, 3, 4, 5, 6].map((n) => new Error(`connect ETIMEDOUT 192.0.2.${n}:443`))),
      'connect ETIMEDOUT 192.0.2.1:443; connect ETIMEDOUT 192.0.2.2:443; connect ETIMEDOUT 192.0.2.3:443; connect ETIMEDOUT 192.0.2.4:443; 2 more',
    ],
    [
      'says the same thing once',
      new AggregateError([new Error('connect ETIMEDOUT'), new Error('connect ETIMEDOUT')]),
      'connect ETIMEDOUT',
    ],
    [
      'has the code of an AWS service',
      ofService('NoSuchBucket', 'The specified bucket does not exist', 404),
      'NoSuchBucket: The specified bucket does not exist',
    ],
    ['is a status where a service said nothing', ofService('Unknown', 'UnknownError', 403), 'HTTP 403'],
    [
      'is the code alone where there is no text to it',
      ofService('NotFound', 'UnknownError', 404),
      'NotFound',
    ],
    [
      'is OpenSSL’s own, without its addresses',
      Object.assign(
        new Error('80F0:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../x.c:355:\n'),
        {
          code: 'ERR_SSL_WRONG_VERSION_NUMBER',
          reason: 'wrong version number',
        },
      ),
      'TLS: wrong version number',
    ],
    ['is in one line', new Error('first\r\nsecond'), 'first second'],
    [
      'is the sentence that we wrote ourselves',
      new FerryError('not-found', 'No image', { operation: 'get image 1', cause: new Error('inner') }),
      'Failed to get image 1: No image',
    ],
    ['is a thrown text', 'text', 'text'],
    ['is unknown of what is no error', undefined, 'unknown error'],
  ])('%s', (_, error, reason) => expect(innermostReason(error)).toBe(reason));

  test('ends where causes go round in a circle', () => {
    const [one, other] = [new Error('one'), new Error('other')];
    one.cause = other;
    other.cause = one;
    expect(innermostReason(one)).toBe('one');
  });

  test('of a name whose addresses all refuse has them all', async () => {
    const socket = connect({
      host: 'both.example.org',
      port: 9,
      lookup: (_host, _options, callback) =>
        callback(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '127.0.0.2', family: 4 },
        ]),
    });
    const error = await new Promise((resolve) => socket.once('error', resolve));
    expect(innermostReason(error)).toBe('connect ECONNREFUSED 127.0.0.1:9; connect ECONNREFUSED 127.0.0.2:9');
  });
});
