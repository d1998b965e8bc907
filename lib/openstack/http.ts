import { readFileSync } from 'node:fs';
import type { Dispatcher } from 'undici';
import { type ErrorCode, FerryError } from '../errors.ts';
import type { Connections } from '../http/exchange.ts';
import { innermostReason } from '../innermost-reason.ts';
import type { Validator } from '../schemas/validators.js';
import { Agent, request, retry } from './undici.ts';

/** undici's own header type without the array form. */
export type Headers = Readonly<Record<string, string>>;

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: string;
  readonly headers: Headers;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** What the call does, for the message of an error: "get image … from http://…". */
  readonly operation: string;
}

/** Connections to OpenStack: a pool with retries for small calls, one of its own for each image's data. */
export interface OpenStackHttp {
  readonly small: Dispatcher;
  readonly data: Connections;
}

/** An answer as far as a refusal is made of it: undici's, or lib/http's. */
export interface Refusable {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: { text(): Promise<string>; dump(): Promise<void> };
}

const retryableStatuses = [429, 500, 502, 503, 504];
const headersTimeout = 20_000; // ms; a real Keystone here validates a token in 120 ms, 213 at worst

/**
 * @param caFile PEM file of the CA that signed the endpoints' certificates, as openrc's OS_CACERT
 * @param stallMs longest wait for the next byte of image data
 */
export const createOpenStackHttp = (options: {
  readonly caFile?: string | undefined;
  readonly stallMs: number;
}): OpenStackHttp => {
  const ca = options.caFile ? { ca: readFileSync(options.caFile) } : {};
  const retries = retry({
    maxRetries: 3,
    minTimeout: 200, // ms, doubled each time
    maxTimeout: 5_000,
    methods: ['GET', 'PATCH', 'DELETE'],
    statusCodes: retryableStatuses,
    throwOnError: false,
  });
  return {
    small: new Agent({ connect: ca, headersTimeout, bodyTimeout: headersTimeout }).compose(retries),
    data: { ...ca, stallMs: options.stallMs },
  };
};

const codes: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  413: 'limit-exceeded',
};

const codeOf = (status: number): ErrorCode =>
  status >= 500 || status === 429 ? 'unavailable' : (codes[status] ?? 'bad-request');

/** Glance wraps its messages by webob: `{"message": "text<br /><br />\ndetail\n\n\n", "code": …}`. */
const reasonOf = (body: string): string => {
  try {
    const { message, error } = JSON.parse(body) as { message?: unknown; error?: { message?: unknown } };
    const text = message ?? error?.message;
    return typeof text === 'string' ? text.replace(/\s*(<br \/>\s*)+/g, ' ').trim() : '';
  } catch {
    return '';
  }
};

/** Retry-After in ms: seconds or a date (RFC 9110 10.2.3). */
const retryAfter = (header: string | string[] | undefined): number | undefined => {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
};

/** Why OpenStack refuses, in its own words. Of a 401 it says two sentences about browsers. */
const reasonFor = async ({ statusCode, body }: Refusable): Promise<string> => {
  const text = await body.text();
  if (statusCode === 401) return 'the token is not accepted (any more)';
  return statusCode < 500 ? reasonOf(text) : '';
};

/** The reason, if there is one to show, else the status. Bodies never go further. */
const refusal = (
  { operation }: Pick<Call, 'operation'>,
  { statusCode: status, headers }: Refusable,
  reason: string,
): FerryError => {
  const retryAfterMs = retryAfter(headers['retry-after']);
  return reason
    ? new FerryError(codeOf(status), reason, { operation, retryAfterMs })
    : new FerryError(codeOf(status), `Failed to ${operation}: HTTP ${status}`, { retryAfterMs });
};

/**
 * Throws `refusal` for an answer that is not 2xx.
 * @param options.quoted false for a stranger's answer: its body is thrown away (after 128 KiB with its connection)
 */
export const requireSuccess = async (
  answer: Refusable,
  call: Pick<Call, 'operation'>,
  { quoted = true }: { readonly quoted?: boolean } = {},
): Promise<void> => {
  if (answer.statusCode >= 200 && answer.statusCode < 300) return;
  const reason = quoted ? await reasonFor(answer) : await answer.body.dump().then(() => '');
  throw refusal(call, answer, reason);
};

/** A connection that failed, in words that carry neither headers nor token. */
export const connectionError = (call: Pick<Call, 'operation'>, cause: unknown): FerryError => {
  if (cause instanceof FerryError) return cause;
  return new FerryError('unavailable', `Failed to ${call.operation}: ${innermostReason(cause)}`, { cause });
};

/** Runs a request; what is not a FerryError already becomes one, and an abort keeps the signal's reason. */
export const guarded = async <T>(
  call: Pick<Call, 'operation' | 'signal'>,
  run: () => Promise<T>,
): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : connectionError(call, error);
  }
};

/**
 * A small call with a JSON answer, validated.
 * @throws FerryError by status; `unavailable` when no or no valid answer came.
 */
export const callJson = <T>(dispatcher: Dispatcher, call: Call, isValid: Validator<T>): Promise<T> =>
  guarded(call, async () => {
    const { method, url, headers, body = null, signal } = call;
    const accept = { accept: 'application/json', ...headers };
    const answer = await request(url, { dispatcher, method, headers: accept, body, signal });
    await requireSuccess(answer, call);
    const json: unknown = await answer.body.json();
    if (isValid(json)) return json;
    throw new FerryError(
      'unavailable',
      `Failed to ${call.operation}: the answer is not of the expected form`,
    );
  });
