import { type ErrorCode, FerryError } from '../../errors.ts';

/** An answer as far as a refusal is made of it: undici's, or lib/http's. */
export interface Refusable {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: { text(): Promise<string>; dump(): Promise<void> };
}

const codes: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  413: 'limit-exceeded',
};

/** Request Timeout, Too Early, Too Many Requests: a proxy's, or the service's, word for later. */
const passing = [408, 425, 429];

const codeOf = (status: number): ErrorCode =>
  status >= 500 || passing.includes(status) ? 'unavailable' : (codes[status] ?? 'bad-request');

/** Glance wraps its messages by webob: `{"message": "text<br /><br />\ndetail\n\n\n", "code": …}`. */
const reasonOf = (body: string): string => {
  try {
    const { message, error } = JSON.parse(body) as { message?: unknown; error?: { message?: unknown } };
    const text = message ?? error?.message;
    if (typeof text !== 'string') return '';
    const lines = text.split('<br />').map((line) => line.trim());
    return lines.filter((line) => line !== '').join(' ');
  } catch {
    return '';
  }
};

/** Retry-After in ms: seconds or a date (RFC 9110 10.2.3). */
export const retryAfterOf = (header: string | string[] | undefined): number | undefined => {
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
  { operation }: { readonly operation: string },
  { statusCode: status, headers }: Refusable,
  reason: string,
): FerryError => {
  const retryAfterMs = retryAfterOf(headers['retry-after']);
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
  call: { readonly operation: string },
  { quoted = true }: { readonly quoted?: boolean } = {},
): Promise<void> => {
  if (answer.statusCode >= 200 && answer.statusCode < 300) return;
  const reason = quoted ? await reasonFor(answer) : await answer.body.dump().then(() => '');
  throw refusal(call, answer, reason);
};
