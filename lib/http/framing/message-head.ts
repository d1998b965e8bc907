import { UnframedAnswer } from './faults.ts';

/** Status line and header section of an answer, RFC 9112 sections 4 and 5. */
export interface MessageHead {
  readonly statusCode: number;
  /** Names in lower case; several lines of one name joined by a comma (RFC 9110 5.3). */
  readonly headers: Readonly<Record<string, string>>;
}

/** Of an answer just read. */
export interface AnswerHead extends MessageHead {
  readonly version: '1.0' | '1.1';
}

/** How the body's length is told, RFC 9112 section 6.3. */
export type Framing =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** A token, RFC 9110 5.6.2. */
const fieldName = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
/** One class of bytes to the end: an expression that could divide a value in two ways would try them all. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** No blank may stand before the colon (RFC 9112 5.1). */
const parseField = (line: string): readonly [name: string, value: string] => {
  const colon = line.indexOf(':');
  const [name, value] = [line.slice(0, Math.max(0, colon)), line.slice(colon + 1)];
  if (!fieldName.test(name) || !fieldValue.test(value))
    throw new Error('the answer has a header that is none');
  return [name.toLowerCase(), value.trim()];
};

/**
 * @param text in latin1, without the empty line that ends it
 * @throws Error for what is not the head of an HTTP/1.x answer; folded lines (obs-fold) are refused
 */
export const parseHead = (text: string): AnswerHead => {
  const [first = '', ...lines] = text.split('\r\n');
  const [, minor, status] = statusLine.exec(first) ?? [];
  if (!status) throw new Error('the answer is not HTTP/1.1');
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of lines.map(parseField)) {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return { version: minor === '1' ? '1.1' : '1.0', statusCode: Number(status), headers };
};

/**
 * Bytes of the body as `content-length` tells them; undefined where it is absent. "5, 5" is 5: RFC 9110 8.6.
 * @throws UnframedAnswer for what is no number, or several
 */
export const contentLength = ({ headers }: MessageHead): number | undefined => {
  const text = headers['content-length'];
  if (text === undefined) return undefined;
  const [first = '', ...others] = text.split(',').map((one) => one.trim());
  const isValid = /^\d{1,15}$/.test(first) && others.every((other) => other === first);
  if (!isValid) throw new UnframedAnswer('the answer has a Content-Length that is no number');
  return Number(first);
};

/**
 * How the answer to a GET or PUT is framed.
 * @throws UnframedAnswer for one that tells its length in two ways, which an attacker may have arranged (RFC 9112 6.3)
 */
export const framingOf = (head: MessageHead): Framing => {
  const { statusCode, headers } = head;
  const encoding = headers['transfer-encoding'];
  if (statusCode === 204 || statusCode === 304) return { kind: 'length', bytes: 0 };
  if (encoding !== undefined && headers['content-length'] !== undefined)
    throw new UnframedAnswer('the answer has both Transfer-Encoding and Content-Length');
  if (encoding !== undefined) {
    if (encoding.toLowerCase() === 'chunked') return { kind: 'chunked' };
    throw new UnframedAnswer('the answer has a Transfer-Encoding other than chunked');
  }
  const bytes = contentLength(head);
  return bytes === undefined ? { kind: 'until-close' } : { kind: 'length', bytes };
};
