import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createChunkedDecoder } from '../../../../lib/http/framing/chunked-decoder.ts';

/** Decodes a body that comes in pieces into a target that is read in pieces. */
const decode = (pieces: readonly Buffer[], targetSize = 1000) => {
  const decoder = createChunkedDecoder();
  const content: Buffer[] = [];
  let unread = 0;
  for (const piece of pieces) {
    for (let from = piece; from.length > 0; ) {
      const target = Buffer.alloc(targetSize);
      const { read, written } = decoder.decode(from, target);
      content.push(target.subarray(0, written));
      from = from.subarray(read);
      if (read === 0 && written === 0) {
        unread += from.length;
        break;
      }
    }
  }
  return { content: Buffer.concat(content), isDone: decoder.isDone(), unread };
};

const coded = (chunks: readonly Uint8Array[]) =>
  Buffer.concat([
    ...chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ]),
    Buffer.from('0\r\n\r\n'),
  ]);

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...cuts, bytes.length].map((to, index) => bytes.subarray(cuts[index - 1] ?? 0, to));
};

describe('a chunked body', () => {
  test('is its content, wherever it is cut and however little of it is taken at a time', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        chunks,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.integer({ min: 1, max: 20 }),
        (given, cuts, size) => {
          const { content, isDone } = decode(cut(coded(given), cuts), size);
          expect(content.equals(Buffer.concat(given))).toBe(true);
          expect(isDone).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([
    ['extensions', '5;name=value;other="a;b"\r\nhello\r\n0;last\r\n\r\n'],
    ['blanks after the size', '5 \t\r\nhello\r\n0\r\n\r\n'],
    ['trailers', '5\r\nhello\r\n0\r\nETag: x\r\nExpires: never\r\n\r\n'],
    ['zeros before the size', '0005\r\nhello\r\n000\r\n\r\n'],
    ['bare line feeds', '5\nhello\n0\n\n'],
  ])('with %s is its content', (_what, text) => {
    expect(decode([Buffer.from(text)])).toMatchObject({ content: Buffer.from('hello'), isDone: true });
  });

  test('is not done before its last chunk and the empty line', () => {
    for (const text of [
      '',
      '5\r\nhel',
      '5\r\nhello\r\n',
      '5\r\nhello\r\n0\r\n',
      '5\r\nhello\r\n0\r\nA: b\r\n',
    ])
      expect(decode([Buffer.from(text)]).isDone).toBe(false);
  });

  test('ends where it ends: what follows is left', () => {
    expect(decode([Buffer.from('0\r\n\r\nHTTP/1.1 200 OK')])).toMatchObject({ isDone: true, unread: 15 });
  });

  test.each([
    'hello\r\n',
    '-5\r\nhello\r\n',
    '0x5\r\nhello\r\n',
    '\r\n',
    '5\r\nhelloX\r\n',
    '5\r\nhello world\r\n',
    '99999999999999\r\n',
    `${'0'.repeat(9000)}`,
  ])('that begins with %j is refused', (text) => {
    expect(() => decode([Buffer.from(text)])).toThrow('not what Transfer-Encoding: chunked says');
  });
});
