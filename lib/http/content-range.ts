import { FerryError } from '../errors.ts';
import type { Answer } from './exchange.ts';
import type { ByteReader } from './framing/byte-reader.ts';

/** Which bytes were asked for. */
export interface AskedRange {
  /** The first byte; 0 when absent. */
  readonly offset?: number;
  /** The byte to end before; the image's end when absent. */
  readonly end?: number;
  /** Bytes of the image, where they are known. */
  readonly size?: number;
}

/** What an answer to it has. */
export interface Range {
  readonly startsAt: number;
  /** Bytes. */
  readonly length: number;
  readonly body: ByteReader;
}

export const rangeHeader = ({ offset = 0, end }: AskedRange): string =>
  `bytes=${offset}-${end === undefined ? '' : end - 1}`;

/**
 * A 206 must prove which bytes it has and of what image (RFC 9110 14.4), or the parts would not fit: all that were
 * asked for, and of an image of the size that the source's record says. Proxies that do not know the size say `*`: fine
 * where it is known from elsewhere.
 * @throws FerryError `data-mismatch` for any other
 */
export const rangeOf = (
  { headers, body }: Answer,
  { offset = 0, end, size }: AskedRange,
  operation: string,
): Range => {
  const found = headers['content-range'] ?? '';
  const [, start, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(found) ?? [];
  const [from, to] = [Number(start), Number(last) + 1];
  const expected = end ?? size ?? Number(total);
  const isOfImage = size === undefined || total === '*' || Number(total) === size;
  if (from === offset && to === expected && isOfImage) return { startsAt: from, length: to - from, body };
  body.close();
  const asked = `bytes ${offset}-${end === undefined ? '' : end - 1}${size === undefined ? '' : ` of ${size}`}`;
  const reason = `asked for ${asked}, the answer has ${found || 'no Content-Range'}`;
  throw new FerryError('data-mismatch', `Failed to ${operation}: ${reason}`);
};
