import { ConditionalCheckFailedException, DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { serviceError } from '../../../lib/aws/service-error.ts';
import { FerryError } from '../../../lib/errors.ts';

const refusal = (name: string, httpStatusCode: number, message = 'why') =>
  new S3ServiceException({ name, message, $fault: 'client', $metadata: { httpStatusCode } });
const codeOf = (cause: unknown) => serviceError('do it', cause).code;

describe('passes by itself, and is tried again', () => {
  test.each([
    ['InternalError', 500],
    ['ServiceUnavailable', 503],
    ['SlowDown', 503],
    ['ThrottlingException', 400],
    ['ProvisionedThroughputExceededException', 400],
    ['RequestThrottled', 403],
    ['RequestLimitExceeded', 400],
    ['KMS.ThrottlingException', 400],
    ['QuotaExceeded', 403],
    ['TooManyRequests', 429],
    ['RequestTimeout', 400],
    ['RequestTimeTooSkewed', 403],
    ['ExpiredToken', 400],
    ['ExpiredTokenException', 403],
    ['OperationAborted', 409],
    ['BadDigest', 400],
    ['NoSuchKey', 404],
    ['Unknown', 0],
  ])('%s (%i)', (name, status) => expect(codeOf(refusal(name, status))).toBe('unavailable'));

  test.each([
    Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }),
    Object.assign(new Error('no answer'), { name: 'TimeoutError' }),
    // As the SDK throws it for an answer that is no JSON.
    Object.assign(new SyntaxError('Unexpected token < in JSON'), { $responseBodyText: '<html>' }),
    'text',
  ])('no or no proper answer: %s', (cause) => expect(codeOf(cause)).toBe('unavailable'));

  test('a signature that is out of date', () => {
    const late = 'Signature expired: 20261126T000000Z is now earlier than 20261126T005500Z';
    expect(codeOf(refusal('InvalidSignatureException', 400, late))).toBe('unavailable');
  });
});

describe('is met again until a person changes something, and is not tried again', () => {
  test.each([
    ['AccessDenied', 403],
    ['AccessDeniedException', 400],
    ['AllAccessDisabled', 403],
    ['InvalidAccessKeyId', 403],
    ['UnrecognizedClientException', 400],
    ['SignatureDoesNotMatch', 403],
    ['InvalidSignatureException', 400],
    ['ValidationException', 400],
    ['ResourceNotFoundException', 400],
    ['NoSuchBucket', 404],
    ['QueueDoesNotExist', 400],
    ['PermanentRedirect', 301],
    ['AuthorizationHeaderMalformed', 400],
    ['NotImplemented', 501],
  ])('%s (%i)', (name, status) => expect(codeOf(refusal(name, status))).toBe('misconfigured'));

  test.each([
    new Error('Region is missing'),
    Object.assign(new Error('Could not load credentials'), { name: 'CredentialsProviderError' }),
    Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL' }),
  ])('%s', (cause) => expect(codeOf(cause)).toBe('misconfigured'));
});

test.each([
  'Item size has exceeded the maximum allowed size',
  'Item size to update has exceeded the maximum',
])('an item that the table has no room for exceeds a limit: %s', (message) => {
  const cause = new DynamoDBServiceException({
    name: 'ValidationException',
    message,
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  });
  expect(serviceError('update task#1', cause)).toMatchObject({ code: 'limit-exceeded', retryable: false });
});

test('a mistake of our own is internal, and its text stays in the log', () => {
  const cause = new TypeError("Cannot read properties of undefined (reading 'size')");
  const error = serviceError('upload part 1', cause);
  expect(error).toMatchObject({ code: 'internal', cause });
  expect(error.message).not.toContain('undefined');
});

test('an error of ours stays itself', () => {
  const error = new FerryError('claim-lost', 'gone');
  expect(serviceError('do it', error)).toBe(error);
});

describe('the sentence', () => {
  const words = (cause: unknown) => serviceError('read part 1 of relay/imports/1', cause).message;

  test("names operation, object, the service's own code and its reason", () =>
    expect(words(refusal('NoSuchBucket', 404, 'The specified bucket does not exist'))).toBe(
      'Failed to read part 1 of relay/imports/1: NoSuchBucket: The specified bucket does not exist',
    ));

  test('has the status where an answer has no body', () =>
    expect(words(refusal('403', 403, 'UnknownError'))).toBe(
      'Failed to read part 1 of relay/imports/1: HTTP 403',
    ));

  test('has the innermost reason of a connection that fails', () => {
    const cause = new AggregateError([
      new Error('connect ECONNREFUSED ::1:9'),
      new Error('connect ETIMEDOUT 10.0.0.1:9'),
    ]);
    expect(words(cause)).toBe(
      'Failed to read part 1 of relay/imports/1: connect ECONNREFUSED ::1:9; connect ETIMEDOUT 10.0.0.1:9',
    );
  });

  test('names no account and no role', () => {
    const message =
      'User: arn:aws:sts::123456789012:assumed-role/ferry is not authorized to perform: s3:GetObject';
    expect(words(refusal('AccessDenied', 403, message))).toBe(
      'Failed to read part 1 of relay/imports/1: AccessDenied',
    );
  });
});

test.each([
  ['7', 7000],
  ['soon', undefined],
])('a service that asks to be left alone for %s is left alone', (header, retryAfterMs) => {
  const cause = Object.assign(refusal('SlowDown', 503), {
    $response: { headers: { 'retry-after': header } },
  });
  expect(serviceError('do it', cause).retryAfterMs).toBe(retryAfterMs);
});

test('a condition that does not hold is nobody’s passing failure', () => {
  const cause = new ConditionalCheckFailedException({ message: 'no', $metadata: { httpStatusCode: 400 } });
  expect(serviceError('do it', cause).retryable).toBe(false);
});
