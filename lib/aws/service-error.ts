import { asFerryError, type ErrorCode, FerryError, isMistake } from '../errors.ts';
import { distrustOf } from '../http/trust.ts';
import { innermostReason } from '../innermost-reason.ts';

/** The part of the SDK's exceptions that is used here. */
interface ServiceAnswer {
  /** The service's own code. */
  readonly name: string;
  readonly message: string;
  readonly $metadata: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const isAnswer = (error: unknown): error is ServiceAnswer =>
  error instanceof Error && '$metadata' in error && '$fault' in error;

/**
 * Refusals that end by themselves although their status is the request's fault (4xx): too much at once, a clock that
 * the SDK has just corrected, credentials that it is about to exchange, something else at work on the same thing.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
const passing: ReadonlySet<string> = new Set([
  ...[
    'RequestTimeout',
    'RequestTimeoutException',
    'IncompleteBody',
    'BadDigest',
    'XAmzContentSHA256Mismatch',
  ],
  ...[
    'RequestTimeTooSkewed',
    'RequestExpired',
    'RequestInTheFuture',
    'ExpiredToken',
    'ExpiredTokenException',
  ],
  ...['TransactionInProgressException', 'TransactionConflictException', 'ResourceInUseException'],
  ...['OperationAborted', 'ConditionalRequestConflict', 'PriorRequestNotComplete', 'NoSuchKey', 'NotFound'],
]);

/** Each service has names of its own for too much at once; a quota is free again when other imports have ended. */
const tooMuch =
  /throttl|toomanyrequests|requestlimitexceeded|throughputexceeded|slowdown|bandwidthlimit|^quotaexceeded/i;

/** A message or an item that the service has no room for: 400 KB in DynamoDB, 1 MiB in SQS. */
const isTooLarge = ({ name, message }: ServiceAnswer): boolean =>
  name === 'EntityTooLarge' ||
  name === 'ItemCollectionSizeLimitExceededException' ||
  (name === 'ValidationException' && message.includes('Item size')) ||
  (name === 'InvalidParameterValue' && message.includes('must be shorter'));

/** A signature that is out of date is a clock's fault, one that is wrong the configuration's. */
const isOutOfDate = ({ name, message }: ServiceAnswer): boolean =>
  name === 'InvalidSignatureException' && message.startsWith('Signature ');

const codeOf = (answer: ServiceAnswer): ErrorCode => {
  if (isTooLarge(answer)) return 'limit-exceeded';
  if (passing.has(answer.name) || tooMuch.test(answer.name) || isOutOfDate(answer)) return 'unavailable';
  const status = answer.$metadata.httpStatusCode ?? 0;
  const isRefused = (status >= 300 && status < 500 && status !== 408 && status !== 429) || status === 501;
  return isRefused ? 'misconfigured' : 'unavailable';
};

/** Without an answer: what the SDK did not find in its environment, or cannot read there, is final. */
const isMissingSetting = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'CredentialsProviderError' ||
    error.message === 'Region is missing' ||
    ('code' in error && error.code === 'ERR_INVALID_URL'));

/** The seconds of Retry-After, in ms. */
const retryAfterOf = ({ $response }: ServiceAnswer): number | undefined => {
  const header = $response?.headers?.['retry-after'] ?? '';
  return /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
};

/** The service's code and reason. Names of accounts and roles, which AWS puts into refusals, stay in the log. */
const reasonOf = (answer: ServiceAnswer): string => {
  const reason = innermostReason(answer);
  if (/^\d+$/.test(reason)) return `HTTP ${reason}`;
  return reason.includes('arn:') ? answer.name : reason;
};

/**
 * What a failure of DynamoDB, S3, SQS or EventBridge means: the one place that tells passing from final. `unavailable`
 * ends by itself; `limit-exceeded` is an item or message that is too large; `misconfigured` is what the same request will
 * meet again until a person changes something: a right, a name, a region, credentials; `internal` a mistake of our own.
 * @param operation in words, with its object: "upload part 1 of relay/imports/…"
 */
export const serviceError = (operation: string, cause: unknown): FerryError => {
  if (cause instanceof FerryError) return cause;
  if (isAnswer(cause)) {
    const options = { cause, retryAfterMs: retryAfterOf(cause) };
    return new FerryError(codeOf(cause), `Failed to ${operation}: ${reasonOf(cause)}`, options);
  }
  const distrust = distrustOf(cause);
  if (distrust) {
    const reason = `${innermostReason(cause)}: ${distrust}`;
    return new FerryError('untrusted', `Failed to ${operation}: ${reason}`, { cause });
  }
  if (isMissingSetting(cause))
    return new FerryError('misconfigured', `Failed to ${operation}: ${innermostReason(cause)}`, { cause });
  if (isMistake(cause)) return asFerryError(cause);
  return new FerryError('unavailable', `Failed to ${operation}: ${innermostReason(cause)}`, { cause });
};
