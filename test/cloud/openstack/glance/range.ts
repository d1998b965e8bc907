import { BareServerError, badRequest, unsatisfiable } from './errors.ts';

/** Bytes from `start` up to but not including `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The range a download asks for, by `Range` or, as old clients do, by `Content-Range`; undefined for all bytes.
 * @param size of the image in bytes; null while it has none
 * @throws GlanceError 400 or 416 in Glance's words
 * @throws BareServerError for what Glance trips over
 */
export function requestedRange(
  range: string | undefined,
  contentRange: string | undefined,
  size: number | null,
): ByteRange | undefined {
  if (range !== undefined) return parseRange(range, size);
  return contentRange === undefined ? undefined : parseContentRange(contentRange, size);
}

function parseRange(header: string, size: number | null): ByteRange {
  if (header.includes(','))
    throw badRequest(
      'Requests with multiple ranges are not supported in Glance. You may make multiple single-range requests instead.',
    );
  const [, first, last] = /^bytes *= *(\d*) *- *(\d*)/i.exec(header.trim()) ?? [];
  if (first === undefined || last === undefined) throw unsatisfiable('Invalid Range header.');
  if (first === '' && last === '') throw new BareServerError();
  if (first === '') return suffix(Number(last), size);
  const start = Number(first);
  const end = last === '' ? undefined : Number(last) + 1;
  if (end !== undefined && start >= end) throw unsatisfiable('Invalid Range header.');
  checkStart('Range', start, size);
  return { start, end: Math.min(end ?? size, size) };
}

/** The last `length` bytes; all of them when there are fewer, and, webob's quirk, for `-0`. */
function suffix(length: number, size: number | null): ByteRange {
  if (size === null) throw new BareServerError();
  return { start: length > 0 && length < size ? size - length : 0, end: size };
}

function parseContentRange(header: string, size: number | null): ByteRange {
  const [, first, last, length] = /^bytes *(\d+) *- *(\d+) *\/ *(\d+|\*)/i.exec(header.trim()) ?? [];
  const [start, end] = [Number(first), Number(last) + 1];
  const valid = length !== undefined && start < end && (length === '*' || end <= Number(length));
  if (!valid) throw unsatisfiable('Invalid Content-Range header.');
  if (size === null) throw new BareServerError();
  if (end > size)
    throw unsatisfiable(
      `Invalid stop position in Content-Range header. The stop position MUST be in the inclusive range [0, ${size - 1}].`,
    );
  checkStart('Content-Range', start, size);
  return { start, end };
}

function checkStart(header: string, start: number, size: number | null): asserts size is number {
  if (size === null) throw new BareServerError();
  if (start >= size)
    throw unsatisfiable(
      `Invalid start position in ${header} header. Start position MUST be in the inclusive range [0, ${size - 1}].`,
    );
}
