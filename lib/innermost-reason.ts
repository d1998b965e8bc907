import { FerryError } from './errors.ts';

/** Where causes go round in a circle, or addresses are many, a message still ends. */
const deepest = 10;
const mostNamed = 4;

/** What several kinds of errors carry beside their message. */
interface Known extends Error {
  /** A system's or a library's own code: `ECONNREFUSED`, `ERR_TLS_CERT_ALTNAME_INVALID`. */
  readonly code?: unknown;
  /** OpenSSL's reason, without its addresses of code. */
  readonly reason?: unknown;
  /** The AWS SDK's: the name of such an error is the service's own code. */
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** `NoSuchBucket: The specified bucket does not exist`; an answer without a body has a status alone. */
const serviceReason = ({ name, message, $metadata }: Known): string => {
  const status = $metadata?.httpStatusCode;
  const code = /^(Error|Unknown(Error)?)$/.test(name) && status !== undefined ? `HTTP ${status}` : name;
  return message === '' || /^Unknown(Error)?$/.test(message) ? code : `${code}: ${message}`;
};

const ownReason = (error: Known): string => {
  if (error.$metadata) return serviceReason(error);
  const { code, reason, message, name } = error;
  if (typeof code === 'string' && code.startsWith('ERR_SSL_') && typeof reason === 'string')
    return `TLS: ${reason}`;
  if (message !== '') return message;
  return typeof code === 'string' ? code : name;
};

const isEmpty = (error: Error): boolean => error.message === '' && !('code' in error);

const reasonAt = (error: unknown, depth: number): string => {
  if (error instanceof FerryError) return error.explanation;
  if (!(error instanceof Error)) return typeof error === 'string' && error !== '' ? error : 'unknown error';
  if (depth === deepest) return ownReason(error);
  if (error instanceof AggregateError && error.errors.length > 0) {
    // Every address of a name that has several (net's autoSelectFamily).
    const all = [...new Set(error.errors.map((one: unknown) => reasonAt(one, depth + 1)))];
    const more = all.length > mostNamed ? [`${all.length - mostNamed} more`] : [];
    return [...all.slice(0, mostNamed), ...more].join('; ');
  }
  const isTold = error.cause instanceof Error && !isEmpty(error.cause);
  const goesOn = isTold || error.cause instanceof AggregateError;
  return goesOn ? reasonAt(error.cause, depth + 1) : ownReason(error);
};

/**
 * Why something failed, in one line: the reason that lies innermost in a chain of causes; all of them where every
 * address of a name failed; a code where there is no message, with the service's own for errors of the AWS SDK.
 */
export const innermostReason = (error: unknown): string => reasonAt(error, 0).replaceAll(/[\r\n]+/g, ' ');
