import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { distrustOf } from '../../http/trust.ts';
import { retryAfterOf } from './refusal.ts';
import { request } from './undici.ts';

/** undici's own header type without the array form. */
export type Headers = Readonly<Record<string, string>>;

/** When a call is tried again. */
export interface Retries {
  /** How often. */
  readonly most: number;
  readonly statuses: readonly number[];
  /** Codes of errors of the connection; all but those that no try changes when absent. */
  readonly errors?: readonly string[];
  /** Doubled each time. */
  readonly firstDelayMs: number;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Headers;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** What the call does, for the message of an error: "get image … from http://…". */
  readonly operation: string;
  /** ms that each try gets for its whole answer, whatever comes of it meanwhile; `wholeMs` when absent. */
  readonly withinMs?: number;
  /** `usualRetries` when absent; none for a POST, which may have worked before its connection broke. */
  readonly retries?: Retries;
}

/** An answer that has come whole. */
export interface WholeAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** For what may be said twice. */
export const usualRetries: Retries = {
  most: 3,
  statuses: [408, 425, 429, 500, 502, 503, 504],
  firstDelayMs: 200,
};
const noRetries: Retries = { ...usualRetries, most: 0 };
const longestDelayMs = 5_000;

/** Whatever kept an answer from coming may be gone a moment later, but for what no try changes. */
const isPassing = (error: unknown, { errors }: Retries): boolean => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (errors) return typeof code === 'string' && errors.includes(code);
  return code !== 'UND_ERR_INVALID_ARG' && distrustOf(error) === undefined;
};

/** As long as the head of an answer with image data gets: undici's own limits begin anew with every byte. */
const wholeMs = 30_000;

const askOnce = async (dispatcher: Dispatcher, call: Call): Promise<WholeAnswer> => {
  const { method, url, headers, body = null, withinMs = wholeMs } = call;
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`no whole answer came within ${withinMs} ms`)),
    withinMs,
  );
  const signal = AbortSignal.any([call.signal, late.signal]);
  try {
    const answer = await request(url, { dispatcher, method, headers, body, signal });
    return { statusCode: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  } finally {
    clearTimeout(timer);
  }
};

/** @returns undefined where the answer is to be taken as it is: it asks for a longer wait than a function should make */
const delayMs = (failures: number, { firstDelayMs }: Retries, answer?: WholeAnswer): number | undefined => {
  const asked = answer && retryAfterOf(answer.headers['retry-after']);
  if (asked === undefined) return Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1));
  return asked > longestDelayMs ? undefined : asked;
};

/**
 * Asks until an answer has come whole, as often as the call may be tried: one that broke off in its middle is asked for anew, and never
 * put together of two.
 * @throws what the last try threw; the signal's reason
 */
export const wholeAnswer = async (dispatcher: Dispatcher, call: Call): Promise<WholeAnswer> => {
  const { retries = call.method === 'POST' ? noRetries : usualRetries } = call;
  for (let failures = 1; ; failures += 1) {
    call.signal.throwIfAborted();
    const isLast = failures > retries.most;
    let wait: number | undefined;
    try {
      const answer = await askOnce(dispatcher, call);
      wait = retries.statuses.includes(answer.statusCode) ? delayMs(failures, retries, answer) : undefined;
      if (isLast || wait === undefined) return answer;
    } catch (error) {
      if (isLast || call.signal.aborted || !isPassing(error, retries)) throw error;
      wait = delayMs(failures, retries);
    }
    await delay(wait, undefined, { signal: call.signal });
  }
};
