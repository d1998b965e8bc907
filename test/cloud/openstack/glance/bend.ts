import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './faults.ts';

const paceMs = 50;

/**
 * A body with a fault put into it.
 * @param offset where in the image the body starts, in bytes
 */
export function bend(
  pieces: AsyncIterable<Buffer>,
  fault: Fault | undefined,
  outgoing: ServerResponse,
  offset = 0,
): AsyncIterable<Buffer> {
  switch (fault?.kind) {
    case 'drop-after':
      return cut(pieces, fault.bytes, () => reset(outgoing));
    case 'close-after':
      return cut(pieces, fault.bytes, () => closed(outgoing));
    case 'truncated':
      return cut(pieces, Math.max(0, fault.bytes - offset), () => {
        // The head has said how long the body is, also where nothing comes of it.
        outgoing.flushHeaders();
        return closed(outgoing);
      });
    case 'stall-after':
      return cut(pieces, fault.bytes, () => stalled(outgoing.socket));
    case 'short-body':
      return cut(pieces, fault.bytes, async () => {});
    case 'corrupt-byte':
      return corrupt(pieces, fault.at - offset);
    case 'slow':
      return slow(pieces, fault.bytesPerSecond);
    case 'hold':
      return hold(pieces, Math.max(0, fault.from - offset), opening(fault.until, outgoing));
    default:
      return pieces;
  }
}

/** Lets this many bytes through, then asks `atEnd` what becomes of the rest, which is read but not passed on. */
async function* cut(
  pieces: AsyncIterable<Buffer>,
  bytes: number,
  atEnd: () => Promise<void>,
): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const piece of pieces) {
    if (left > 0) yield piece.subarray(0, left);
    left -= Math.min(left, piece.length);
    if (left === 0) await atEnd();
  }
  if (left === 0) await atEnd();
}

async function* corrupt(pieces: AsyncIterable<Buffer>, at: number): AsyncGenerator<Buffer> {
  let position = 0;
  for await (const piece of pieces) {
    const index = at - position;
    position += piece.length;
    yield index >= 0 && index < piece.length ? withFlippedByte(piece, index) : piece;
  }
}

function withFlippedByte(piece: Buffer, index: number): Buffer {
  const copy = Buffer.from(piece);
  copy.writeUInt8(copy.readUInt8(index) ^ 0xff, index);
  return copy;
}

/** No faster than asked, whatever the pieces; what a busy machine was late with comes sooner afterwards. */
async function* slow(pieces: AsyncIterable<Buffer>, bytesPerSecond: number): AsyncGenerator<Buffer> {
  const step = Math.max(1, Math.round((bytesPerSecond * paceMs) / 1000));
  const startedMs = performance.now();
  let sent = 0;
  for await (const piece of pieces)
    for (let from = 0; from < piece.length; from += step) {
      const bytes = piece.subarray(from, from + step);
      yield bytes;
      sent += bytes.length;
      const earlyMs = (sent / bytesPerSecond) * 1000 - (performance.now() - startedMs);
      if (earlyMs > 1) await sleep(earlyMs);
    }
}

/** Resolves when the test says so; a rejection resets the connection, whose end is one as well. */
function opening(until: Promise<unknown>, outgoing: ServerResponse): Promise<unknown> {
  const opened = Promise.race([until.catch(() => reset(outgoing)), stalled(outgoing.socket)]);
  opened.catch(() => {}); // whoever waits for it hears of it
  return opened;
}

/** Lets this many bytes through, and the rest after `opened`. */
async function* hold(
  pieces: AsyncIterable<Buffer>,
  bytes: number,
  opened: Promise<unknown>,
): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const piece of pieces) {
    const before = piece.subarray(0, left);
    left -= before.length;
    if (before.length > 0) yield before;
    if (before.length === piece.length) continue;
    await opened;
    yield piece.subarray(before.length);
  }
}

/** Resets the connection once what was written so far has left. */
export async function reset(outgoing: ServerResponse): Promise<never> {
  await flushed(outgoing);
  outgoing.socket?.resetAndDestroy();
  throw new Error('the connection was reset, as the test asked');
}

/** Closes the connection once what was written so far has left. */
async function closed(outgoing: ServerResponse): Promise<never> {
  await flushed(outgoing);
  outgoing.socket?.destroySoon();
  throw new Error('the connection was closed, as the test asked');
}

/** Waits until the client goes away. */
export async function stalled(socket: Socket | null): Promise<never> {
  if (socket && !socket.destroyed) await once(socket, 'close');
  throw new Error('the client has gone, as the test waited for');
}

async function flushed({ socket }: ServerResponse): Promise<void> {
  while (socket && !socket.destroyed && socket.writableLength > 0) await sleep(1);
}
