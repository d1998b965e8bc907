import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { distrustOf } from '../http/trust.ts';
import { retryAfterOf } from './refusal.ts';
import { request } from './undici.ts';

/** undici's own header type without the array form. */
export type Headers = Readonly<Record<string, string>>;

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Headers;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** What the call does, for the message of an error: "get image … from http://…". */
  readonly operation: string;
}

/** An answer that has come whole. */
export interface WholeAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const mostRetries = 3;
const firstDelayMs = 200; // doubled each time
const longestDelayMs = 5_000;
const passingStatuses = [429, 500, 502, 503, 504];

/** A POST may have worked before its connection broke. */
const isRepeatable = ({ method }: Call): boolean => method !== 'POST';

/** Whatever kept an answer from coming may be gone a moment later, but for what no try changes. */
const isPassing = (error: unknown): boolean => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code !== 'UND_ERR_INVALID_ARG' && distrustOf(error) === undefined;
};

const askOnce = async (dispatcher: Dispatcher, call: Call): Promise<WholeAnswer> => {
  const { method, url, headers, body = null, signal } = call;
  const answer = await request(url, { dispatcher, method, headers, body, signal });
  return { statusCode: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
};

/** @returns undefined where the answer is to be taken as it is: it asks for a longer wait than a function should make */
const delayMs = (failures: number, answer?: WholeAnswer): number | undefined => {
  const asked = answer && retryAfterOf(answer.headers['retry-after']);
  if (asked === undefined) return Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1));
  return asked > longestDelayMs ? undefined : asked;
};

/**
 * Asks until an answer has come whole, up to four times: one that broke off in its middle is asked for anew, and never
 * put together of two.
 * @throws what the last try threw; the signal's reason
 */
export const wholeAnswer = async (dispatcher: Dispatcher, call: Call): Promise<WholeAnswer> => {
  const tries = isRepeatable(call) ? mostRetries + 1 : 1;
  for (let failures = 1; ; failures += 1) {
    call.signal.throwIfAborted();
    const isLast = failures === tries;
    let wait: number | undefined;
    try {
      const answer = await askOnce(dispatcher, call);
      wait = passingStatuses.includes(answer.statusCode) ? delayMs(failures, answer) : undefined;
      if (isLast || wait === undefined) return answer;
    } catch (error) {
      if (isLast || call.signal.aborted || !isPassing(error)) throw error;
      wait = delayMs(failures);
    }
    await delay(wait, undefined, { signal: call.signal });
  }
};
