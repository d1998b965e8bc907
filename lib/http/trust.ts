import { readFileSync } from 'node:fs';
import tls from 'node:tls';

const endOfCertificate = '-----END CERTIFICATE-----';

const isPem = (given: string): boolean => given.includes('-----BEGIN');

/** @throws Error for a file that cannot be read, or that has no certificate */
const certificatesOf = (given: string): readonly string[] => {
  const text = isPem(given) ? given : readFileSync(given, 'utf8');
  const pieces = text.split(endOfCertificate).slice(0, -1);
  if (pieces.length === 0) throw new Error(`${isPem(given) ? 'the text' : given} has no certificate in PEM`);
  return pieces.map((piece) => `${piece}${endOfCertificate}`);
};

const trusted = new Set<string>();

/**
 * Trusts the CAs of a PEM file beside the public ones (and those of NODE_EXTRA_CA_CERTS), in the whole process: data
 * and small calls, redirects, the SDK's clients and proxies alike. An untouched process parses none of the public ones
 * before its first connection; this one does at once.
 * @param given path of a PEM file, or its text
 * @throws Error for a file that cannot be read, or that has no certificate
 */
export const trustAlso = (given: string): void => {
  if (trusted.has(given)) return;
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), ...certificatesOf(given)]);
  trusted.add(given);
};

/** X.509's and TLS's own codes (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const untrusted: ReadonlySet<unknown> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
]);
const outOfItsTime: ReadonlySet<unknown> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const ofAnotherHost: ReadonlySet<unknown> = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH']);

const deepest = 10;

/** The codes of an error, of its causes, and of each address that failed. */
const codesOf = (error: unknown, depth = 0): readonly unknown[] => {
  if (!(error instanceof Error) || depth === deepest) return [];
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  const own = 'code' in error ? [error.code] : [];
  return [...own, ...inner.flatMap((one: unknown) => codesOf(one, depth + 1))];
};

/**
 * Whether a connection failed because nobody here trusts the other side's certificate, and what helps. No other try
 * does.
 * @returns undefined for any other failure
 */
export const distrustOf = (error: unknown): string | undefined => {
  const codes = codesOf(error);
  if (codes.some((code) => untrusted.has(code)))
    return 'its certificate is not trusted; OS_CACERT names the PEM file of a private CA';
  if (codes.some((code) => outOfItsTime.has(code))) return 'its certificate has expired, or is not valid yet';
  if (codes.some((code) => ofAnotherHost.has(code))) return 'its certificate is for another host';
  return undefined;
};
