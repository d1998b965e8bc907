import { S3Error } from './errors.ts';

/** Bytes from `start` up to and without `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a Range header against an object's size in bytes. `undefined` means the whole object: no header, several
 * ranges or nonsense, which S3 ignores (RFC 9110 §14.2).
 * @throws S3Error InvalidRange if the range lies behind the end.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (!match || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (last !== '' && first !== '' && Number(last) < Number(first)) return undefined;
  if (start >= size) throw new S3Error('InvalidRange', 'The requested range is not satisfiable.');
  return { start, end };
}
