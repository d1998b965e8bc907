import net, { type LookupFunction } from 'node:net';
import { type Connection, connect } from './connection.ts';
import { type ForwardProxy, hostOf, type ProxyFor, portOf } from './proxy.ts';
import { openTunnel } from './tunnel.ts';

/** How connections are made, and what is expected of them. */
export interface Connections {
  /** Resolves names, and refuses those that nobody may be asked for. */
  readonly lookup?: LookupFunction | undefined;
  /** Through whom URLs are asked; nobody when absent. */
  readonly proxyFor?: ProxyFor | undefined;
  /** Longest wait for the next byte, ms. */
  readonly stallMs: number;
  /** Bytes a second below which a body that is waited for counts as dead; no limit when absent or 0. */
  readonly minimumRate?: number;
  /** Waited time over which that is measured, ms; a minute when absent. */
  readonly windowMs?: number;
  /** Longest wait for a whole head, ms; 30 s when absent. */
  readonly headMs?: number;
  /** Longest wait for the answer to a PUT after its last byte, ms; an hour when absent. */
  readonly answerMs?: number;
}

export interface Exchange {
  /** http or https. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: Connections;
  readonly signal: AbortSignal;
}

/** A connection, and what is asked for on it. */
interface Dialed {
  readonly connection: Connection;
  /** The request target, RFC 9112 3.2: a path, or the whole URL for a proxy. */
  readonly target: string;
  readonly headers: Exchange['headers'];
}

/** Where there is no limit on the wait for bytes there is one on the wait for a connection. */
const longestConnectMs = 60_000;

/** The proxy resolves names by itself; before it is asked, they must pass here. @throws what the lookup says */
const requirePermitted = (host: string, lookup: LookupFunction | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    if (!lookup || net.isIP(host) !== 0) return resolve();
    lookup(host, { all: true }, (error) => (error ? reject(error) : resolve()));
  });

/** CONNECT for https; for http the proxy is told the whole URL (RFC 9112 3.2.2). */
const openThrough = async (
  proxy: ForwardProxy,
  url: URL,
  { headers, connections, signal }: Exchange,
  stallMs: number,
): Promise<Dialed> => {
  const { lookup } = connections;
  const [host, port] = [hostOf(url), portOf(url)];
  await requirePermitted(host, lookup);
  const path = `${url.pathname}${url.search}`;
  if (url.protocol === 'https:') {
    const tunnel = await openTunnel(proxy, { host, port, timeoutMs: stallMs || longestConnectMs, signal });
    return {
      connection: connect({ host, port, isSecure: true, tunnel, stallMs, signal }),
      target: path,
      headers,
    };
  }
  const { authorization } = proxy;
  const secret = authorization === undefined ? {} : { 'proxy-authorization': authorization };
  return {
    connection: connect({ ...proxy, stallMs, signal }),
    target: `${url.origin}${path}`,
    headers: { ...secret, ...headers },
  };
};

/**
 * A connection of its own for one exchange.
 * @param stallMs longest wait for a byte that was asked for, 0 for none
 * @throws Error for a URL of another scheme, a proxy that refuses; the signal's reason
 */
export const open = async (exchange: Exchange, stallMs = exchange.connections.stallMs): Promise<Dialed> => {
  const { connections, signal } = exchange;
  signal.throwIfAborted();
  const url = new URL(exchange.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error(`${url.protocol} is not HTTP`);
  const headers = { host: url.host, connection: 'close', ...exchange.headers };
  const proxy = connections.proxyFor?.(url);
  if (proxy) return await openThrough(proxy, url, { ...exchange, headers }, stallMs);
  const connection = connect({
    host: hostOf(url),
    port: portOf(url),
    isSecure: url.protocol === 'https:',
    lookup: connections.lookup,
    stallMs,
    signal,
  });
  return { connection, target: `${url.pathname}${url.search}`, headers };
};
