/** What an error means to the caller (HTTP status) and to the queue (worth another try?). */
interface ErrorRule {
  readonly status: number;
  readonly retryable: boolean;
}

export type ErrorCode =
  | 'bad-request'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'limit-exceeded'
  | 'data-mismatch'
  | 'out-of-time'
  | 'claim-lost'
  | 'cancelled'
  | 'upload-gone'
  | 'misconfigured'
  | 'untrusted'
  | 'too-slow'
  | 'unavailable'
  | 'internal';

/**
 * The one table of errors. A new code without a rule does not compile.
 * `misconfigured` is a service that refuses what we are and not what was asked (a right, a name, a region): no try of
 * ours mends it, so the import ends and says so; to a client it is 503, since it may work again tomorrow.
 * `untrusted` is a certificate that nobody here vouches for: no try changes that. `too-slow` is a source that sends, but
 * would hold a step for ever; lib/download tries it again as long as its budget has it.
 * `claim-lost` is silent: the import belongs to another attempt, or has ended. `cancelled` is no fault of anything.
 */
export const errorRules = {
  'bad-request': { status: 400, retryable: false },
  unauthorized: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  'not-found': { status: 404, retryable: false },
  'method-not-allowed': { status: 405, retryable: false },
  conflict: { status: 409, retryable: false },
  'limit-exceeded': { status: 413, retryable: false },
  'data-mismatch': { status: 502, retryable: false },
  'out-of-time': { status: 504, retryable: false },
  'claim-lost': { status: 409, retryable: false },
  cancelled: { status: 409, retryable: false },
  'upload-gone': { status: 503, retryable: true },
  misconfigured: { status: 503, retryable: false },
  untrusted: { status: 502, retryable: false },
  'too-slow': { status: 504, retryable: false },
  unavailable: { status: 503, retryable: true },
  internal: { status: 500, retryable: true },
} as const satisfies Record<ErrorCode, ErrorRule>;

/**
 * Characters of a message. It may hold what a service or a stranger says, and it goes into task (400 KB in DynamoDB), log
 * and event: who may write as much as he likes into it could keep an import from saying how it ended.
 */
const longestMessage = 4096;
/** Of them at its end, where the reason stands. */
const endOfMessage = 1024;

const clipped = (message: string): string => {
  if (message.length <= longestMessage) return message;
  const begin = message.slice(0, longestMessage - endOfMessage - 1);
  return `${begin.toWellFormed()}…${message.slice(-endOfMessage).toWellFormed()}`;
};

interface FerryErrorOptions extends ErrorOptions {
  readonly operation?: string;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Every error that glance-ferry throws itself. The message names operation, object and reason and is safe to
 * show to the user; the cause is for the log only.
 */
export class FerryError extends Error {
  override readonly name = 'FerryError';
  readonly code: ErrorCode;
  /** What failed ("get image … from …"), where the message is only another service's reason. */
  readonly operation: string | undefined;

  /** How long the other side asks to be left alone (Retry-After), ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: FerryErrorOptions = {}) {
    super(clipped(message), options);
    this.code = code;
    this.operation = options.operation;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Operation, object and reason. The message alone is what Glance's clients know. */
  get explanation(): string {
    return this.operation ? clipped(`Failed to ${this.operation}: ${this.message}`) : this.message;
  }

  get status(): number {
    return errorRules[this.code].status;
  }

  get retryable(): boolean {
    return errorRules[this.code].retryable;
  }
}

/** What a program throws that is wrong. A plain `Error` is none: lib/http says by it what the other side did. */
const mistakes = [TypeError, RangeError, ReferenceError, SyntaxError, URIError];

/**
 * A mistake of our own. What a system or a library has to say of the world carries a code; where the AWS SDK cannot
 * read a service's answer, it adds the answer.
 */
export const isMistake = (error: unknown): boolean =>
  mistakes.some((mistake) => error instanceof mistake) &&
  error instanceof Error &&
  !('code' in error || '$response' in error || '$responseBodyText' in error);

/** Anything thrown, as a FerryError: what we did not throw ourselves is `internal`, and its text stays in the log. */
export const asFerryError = (error: unknown): FerryError =>
  error instanceof FerryError
    ? error
    : new FerryError(
        'internal',
        'The server has either erred or is incapable of performing the requested operation.',
        { cause: error },
      );

/** An attempt has nothing to work at any more. */
export const claimLost = (): FerryError =>
  new FerryError('claim-lost', 'The import belongs to another attempt, or has ended');

/** Whether this is a FerryError of one of these codes. */
export const hasCode = (error: unknown, ...codes: readonly ErrorCode[]): boolean =>
  error instanceof FerryError && codes.includes(error.code);
