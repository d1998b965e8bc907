import net from 'node:net';
import tls from 'node:tls';
import { innermostReason } from '../../innermost-reason.ts';
import { ignored } from '../../promises.ts';
import { parseHead } from '../framing/message-head.ts';
import type { ForwardProxy } from './proxy.ts';

/** Where a tunnel ends. */
export interface TunnelOptions {
  readonly host: string;
  readonly port: number;
  /** Longest wait for the proxy and for whom it asks, ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Node gives each address of a name 250 ms before it goes to the next, and never comes back: too short for a handshake
 * with a far region, or with one lost packet (TCP sends its first one again after 1 and 3 s, RFC 6298). An address
 * without a route fails at once, however long this is.
 */
export const addressMs = 5_000;

const longestHead = 16 * 1024; // bytes
const endOfHead = '\r\n\r\n';

export const nameOfProxy = ({ host, port }: ForwardProxy): string => `the proxy ${host}:${port}`;

/** A socket to the proxy itself. */
export const dialProxy = ({ host, port, isSecure }: ForwardProxy): net.Socket => {
  const options = { host, port, autoSelectFamilyAttemptTimeout: addressMs };
  if (!isSecure) return net.connect(options);
  return tls.connect({ ...options, ...(net.isIP(host) === 0 && { servername: host }) });
};

const requestOf = ({ authorization }: ForwardProxy, { host, port }: TunnelOptions): string => {
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const secret = authorization === undefined ? [] : [`proxy-authorization: ${authorization}`];
  return [`CONNECT ${authority} HTTP/1.1`, `host: ${authority}`, ...secret, '', ''].join('\r\n');
};

/** The head of the answer to CONNECT. @throws Error where it does not come whole, or with more behind it */
const readAnswer = (socket: net.Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    let head = '';
    const take = (bytes: Buffer): void => {
      const before = Math.max(0, head.length - endOfHead.length);
      head += bytes.toString('latin1');
      const end = head.indexOf(endOfHead, before);
      if (end < 0 && head.length <= longestHead) return;
      stop();
      if (end < 0) reject(new Error('the head of its answer is too long'));
      // A server of TLS waits for its client's first word.
      else if (head.length > end + endOfHead.length) reject(new Error('it sent more than an answer'));
      else resolve(head.slice(0, end));
    };
    const closed = (): void => reject(new Error('it gave no answer'));
    const stop = (): void => void socket.off('data', take).off('error', reject).off('close', closed).pause();
    socket.on('data', take).on('error', reject).on('close', closed);
  });

/**
 * A way through a proxy, by CONNECT (RFC 9110 9.3.6): what is sent there arrives as it is.
 * @throws Error that names the proxy, and nothing of its secrets; the signal's reason
 */
export const openTunnel = async (proxy: ForwardProxy, options: TunnelOptions): Promise<net.Socket> => {
  const { host, port, timeoutMs, signal } = options;
  signal?.throwIfAborted();
  const socket = dialProxy(proxy);
  const abort = (): void => void socket.destroy(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const late = new Error(`no answer in ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => socket.destroy(late), timeoutMs);
  try {
    socket.write(requestOf(proxy, options));
    const { statusCode } = parseHead(await readAnswer(socket));
    if (statusCode < 200 || statusCode > 299) throw new Error(`it answered ${statusCode}`);
    // From here on whoever speaks through it hears of its end.
    return socket.on('error', ignored);
  } catch (error) {
    socket.on('error', ignored).destroy();
    signal?.throwIfAborted();
    const reason = innermostReason(error);
    throw new Error(`${nameOfProxy(proxy)} makes no connection to ${host}:${port}: ${reason}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
};
