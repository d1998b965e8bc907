import type { Socket } from 'node:net';
import { type ByteServer, type ByteServerOptions, serve } from './byte-server.ts';

/** A request that has come. */
export interface Asked {
  /** Request line and headers. */
  readonly head: string;
  /** Which of the server's connections it came on, from 1, and which request it is there. */
  readonly connection: number;
  readonly turn: number;
  readonly socket: Socket;
}

export interface ExchangeServer extends ByteServer {
  /** In the order in which they came. */
  readonly asked: readonly Asked[];
  /** How many connections there have been. */
  opened(): number;
}

/** @param text in latin1 @returns nothing where it is not there whole */
const firstOf = (text: string): { readonly head: string; readonly length: number } | undefined => {
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, Math.max(0, end));
  const length = end + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return end < 0 || text.length < length ? undefined : { head, length };
};

/**
 * A server that leaves its connections open. What stands there is sent to whoever asks, or done.
 * @param answer by request; a text that is none of HTTP is sent as well
 */
export const serveExchanges = async (
  answer: (asked: Asked) => string | Buffer | undefined,
  options: ByteServerOptions = {},
): Promise<ExchangeServer> => {
  const asked: Asked[] = [];
  let opened = 0;
  const act = (socket: Socket): void => {
    opened += 1;
    const connection = opened;
    let [turn, text] = [0, ''];
    socket.setNoDelay();
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let request = firstOf(text); request; request = firstOf(text)) {
        text = text.slice(request.length);
        turn += 1;
        const one = { head: request.head, connection, turn, socket };
        asked.push(one);
        const sent = answer(one);
        if (sent !== undefined && sent.length > 0) socket.write(sent);
      }
    });
  };
  const server = await serve(act, options);
  return { ...server, asked, opened: () => opened };
};

/** An answer of known length. */
export const ok = (body: string | Buffer, ...headers: readonly string[]): Buffer =>
  Buffer.concat([
    Buffer.from(['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...headers, '', ''].join('\r\n')),
    Buffer.from(body),
  ]);
