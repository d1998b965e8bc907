import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHead } from '../../../../lib/http/framing/message-head.ts';
import { idleMsAfter } from '../../../../lib/http/framing/persistence.ts';

const idleMs = (...lines: readonly string[]) => idleMsAfter(parseHead(lines.join('\r\n')));
const told = (...headers: readonly string[]) => idleMs('HTTP/1.1 200 OK', ...headers);

describe('how long a connection may be idle', () => {
  test.each([
    [[], 4000],
    [['Connection: keep-alive'], 4000],
    [['Connection: close'], 0],
    [['Connection: Close'], 0],
    [['Connection: keep-alive,close'], 0],
    [['Connection: x', 'Connection:  close '], 0],
    [['Connection: closed'], 4000],
    [['Keep-Alive: timeout=5'], 4000],
    [['Keep-Alive: timeout=5, max=100'], 4000],
    [['Keep-Alive: max=100 , Timeout=3'], 2000],
    [['Keep-Alive: timeout=2'], 1000],
    [['Keep-Alive: timeout=1'], 0],
    [['Keep-Alive: timeout=0'], 0],
    [['Keep-Alive: timeout=600'], 4000],
    [['Keep-Alive: timeout=60', 'Keep-Alive: timeout=2'], 1000],
    [['Keep-Alive: timeout=never'], 4000],
  ])('after %j: %i ms', (headers, expected) => {
    expect(told(...headers)).toBe(expected);
  });

  test.each([[], ['Connection: keep-alive'], ['Keep-Alive: timeout=60']])(
    'after HTTP/1.0 with %j: not at all',
    (...headers) => {
      expect(idleMs('HTTP/1.0 200 OK', ...headers)).toBe(0);
    },
  );

  test('is never longer than what the peer says, and never where it says close', () => {
    const option = fc.constantFrom('keep-alive', 'Close', 'upgrade', 'close', 'x-close');
    fc.assert(
      fc.property(fc.nat(1000), fc.array(option), (timeout, options) => {
        const found = told(`Keep-Alive: timeout=${timeout}`, `Connection: ${options.join(' ,')}`);
        const isClosed = options.some((one) => one.toLowerCase() === 'close');
        expect(found).toBeLessThanOrEqual(isClosed ? 0 : timeout * 1000);
      }),
    );
  });
});
