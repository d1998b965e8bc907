import type { Dispatcher } from 'undici';
import { asFerryError, type ErrorCode, FerryError, isMistake } from '../errors.ts';
import { type ProxyFor, proxiesOf } from '../http/connections/proxy.ts';
import type { Connections } from '../http/exchange.ts';
import { TooSlow, UnframedAnswer } from '../http/framing/faults.ts';
import { distrustOf } from '../http/trust.ts';
import { innermostReason } from '../innermost-reason.ts';
import type { Validator } from '../schemas/validators.js';
import { requireSuccess } from './calls/refusal.ts';
import { createSmallCalls } from './calls/small-calls.ts';
import { type Call, type WholeAnswer, wholeAnswer } from './calls/whole-answer.ts';

export { requireSuccess } from './calls/refusal.ts';
export type { Call, Headers, WholeAnswer } from './calls/whole-answer.ts';

/** Connections to OpenStack: a pool for small calls; image data has its own (lib/http). */
export interface OpenStackHttp {
  readonly small: Dispatcher;
  readonly data: Connections;
}

/** What is expected of connections that carry image data, see Connections. */
export type DataLimits = Pick<Connections, 'stallMs' | 'minimumRate' | 'answerMs'>;

/** @param proxyFor through whom URLs are asked; nobody when absent */
export const createOpenStackHttp = ({
  proxyFor = proxiesOf({}),
  ...limits
}: DataLimits & { readonly proxyFor?: ProxyFor }): OpenStackHttp => ({
  small: createSmallCalls(proxyFor),
  data: { ...limits, proxyFor },
});

/** What a connection's failure means: most may be gone at another try. */
const codeOf = (cause: unknown): ErrorCode => {
  if (cause instanceof UnframedAnswer) return 'data-mismatch';
  return cause instanceof TooSlow ? 'too-slow' : 'unavailable';
};

/** A connection that failed, in words that carry neither headers nor token; a mistake of our own is none. */
export const connectionError = (call: Pick<Call, 'operation'>, cause: unknown): FerryError => {
  if (cause instanceof FerryError || isMistake(cause)) return asFerryError(cause);
  const reason = innermostReason(cause);
  const distrust = distrustOf(cause);
  return distrust
    ? new FerryError('untrusted', `Failed to ${call.operation}: ${reason}: ${distrust}`, { cause })
    : new FerryError(codeOf(cause), `Failed to ${call.operation}: ${reason}`, { cause });
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
 * A small call, its answer whole; tried again where that may help, but for a POST.
 * @throws FerryError by status; `unavailable` when no answer came, `untrusted` for a certificate
 */
export const callWhole = (dispatcher: Dispatcher, call: Call): Promise<WholeAnswer> =>
  guarded(call, async () => {
    const answer = await wholeAnswer(dispatcher, call);
    const body = { text: () => Promise.resolve(answer.text), dump: () => Promise.resolve() };
    await requireSuccess({ ...answer, body }, call);
    return answer;
  });

/** @returns undefined for what is no JSON: a parser's message quotes it */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * A small call with a JSON answer, validated.
 * @throws FerryError as `callWhole`; `unavailable` when the answer is not valid
 */
export const callJson = async <T>(dispatcher: Dispatcher, call: Call, isValid: Validator<T>): Promise<T> => {
  const headers = { accept: 'application/json', ...call.headers };
  const json = parseJson((await callWhole(dispatcher, { ...call, headers })).text);
  if (isValid(json)) return json;
  throw new FerryError('unavailable', `Failed to ${call.operation}: the answer is not of the expected form`);
};
