import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { framingOf, parseHead } from '../../../../lib/http/framing/message-head.ts';
import { anyText } from '../../any-text.ts';

const head = (...lines: string[]) => parseHead(lines.join('\r\n'));
const framing = (...lines: string[]) => framingOf(head('HTTP/1.1 200 OK', ...lines));

describe('the head of an answer', () => {
  test.each([
    ['HTTP/1.1 200 OK', 200],
    ['HTTP/1.0 404 Not Found', 404],
    ['HTTP/1.1 206 ', 206],
    ['HTTP/1.1 503', 503],
    ['HTTP/1.1 200 Tr\xe8s bien', 200],
  ])('%j has its status', (line, statusCode) => {
    expect(head(line)).toMatchObject({ statusCode });
  });

  test.each([
    '',
    'HTTP/2 200',
    'HTTP/1.1 20',
    'HTTP/1.1 2000 OK',
    'http/1.1 200 OK',
    'ICY 200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 200 a\nb',
    'SSH-2.0-OpenSSH_9.2',
  ])('%j is none', (line) => {
    expect(() => head(line)).toThrow('the answer is not HTTP/1.1');
  });

  test('has header names in lower case, values without blanks around, and repeated ones joined', () => {
    const { headers } = head('HTTP/1.1 200 OK', 'ETag:  "a" ', 'Vary: Accept', 'X:', 'vary:\tRange');
    expect({ ...headers }).toEqual({ etag: '"a"', vary: 'Accept, Range', x: '' });
  });

  test('has no headers that it did not have', () => {
    expect(head('HTTP/1.1 200 OK').headers['constructor']).toBeUndefined();
    expect(Object.keys(head('HTTP/1.1 200 OK', '__proto__: a').headers)).toEqual(['__proto__']);
  });

  test.each([
    'no colon',
    'name : value',
    ': value',
    ' folded: line',
    '\tfolded',
    'a: \x00',
    'a: b\nc: d',
    'ä: b',
  ])('with the header %j is refused', (line) => {
    expect(() => head('HTTP/1.1 200 OK', line)).toThrow('the answer has a header that is none');
  });

  test('is read or refused, whatever comes', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        try {
          expect(parseHead(`HTTP/1.1 200 OK\r\n${text}`).statusCode).toBe(200);
        } catch (error) {
          expect((error as Error).message).toBe('the answer has a header that is none');
        }
      }),
    );
  });
});

describe('the body that follows', () => {
  test.each([
    [['Content-Length: 5'], { kind: 'length', bytes: 5 }],
    [['Content-Length: 5, 5'], { kind: 'length', bytes: 5 }],
    [['Content-Length: 5', 'Content-Length: 5'], { kind: 'length', bytes: 5 }],
    [['Content-Length: 5497558138880'], { kind: 'length', bytes: 5 * 1024 ** 4 }],
    [['Transfer-Encoding: Chunked'], { kind: 'chunked' }],
    [[], { kind: 'until-close' }],
  ] as const)('is framed by %j', (lines, expected) => {
    expect(framing(...lines)).toEqual(expected);
  });

  test.each(['204 No Content', '304 Not Modified'])('of %s is none', (status) => {
    expect(framingOf(head(`HTTP/1.1 ${status}`, 'Content-Length: 7'))).toEqual({ kind: 'length', bytes: 0 });
  });

  test.each([
    [['Content-Length: 5', 'Content-Length: 6'], 'Content-Length that is no number'],
    [['Content-Length: -1'], 'Content-Length that is no number'],
    [['Content-Length: 0x10'], 'Content-Length that is no number'],
    [['Content-Length: '], 'Content-Length that is no number'],
    [['Content-Length: 9999999999999999'], 'Content-Length that is no number'],
    [['Transfer-Encoding: chunked', 'Content-Length: 5'], 'both Transfer-Encoding and Content-Length'],
    [['Transfer-Encoding: gzip, chunked'], 'a Transfer-Encoding other than chunked'],
    [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 'a Transfer-Encoding other than chunked'],
  ] as const)('by %j is refused', (lines, reason) => {
    expect(() => framing(...lines)).toThrow(reason);
  });
});
