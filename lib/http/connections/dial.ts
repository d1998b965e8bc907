import net, { type LookupFunction } from 'node:net';
import { type Connection, connectionOver, type ExchangeLimits } from './connection.ts';
import { type DirectSocket, openDirectSocket } from './direct-socket.ts';
import { keepIdle, takeIdle, type Way } from './idle-sockets.ts';
import { hostOf, type ProxyFor, portOf } from './proxy.ts';
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
export interface Dialed {
  readonly connection: Connection;
  /** The request target, RFC 9112 3.2: a path, or the whole URL for a proxy. */
  readonly target: string;
  readonly headers: Exchange['headers'];
  /** Leaves the connection to later exchanges that go the same way; of a PUT's, to none. @param forMs at most */
  keep(forMs: number): void;
}

/** What becomes of the connection when the answer has been read. */
type Persistence = 'keep-alive' | 'close';

/** Where an exchange goes, and what is said there. */
export interface Route extends Way, Pick<Dialed, 'target' | 'headers'> {
  readonly url: URL;
  readonly persistence: Persistence;
  readonly limits: ExchangeLimits;
}

/** Where there is no limit on the wait for bytes there is one on the wait for a connection. */
const longestConnectMs = 60_000;

/** A proxy for http is told the whole URL (RFC 9112 3.2.2). */
const routeOf = (exchange: Exchange, persistence: Persistence, stallMs: number): Route => {
  const { connections, signal } = exchange;
  const url = new URL(exchange.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error(`${url.protocol} is not HTTP`);
  const { lookup } = connections;
  const proxy = connections.proxyFor?.(url);
  const path = `${url.pathname}${url.search}`;
  // Said though it is HTTP/1.1's default: Apache tells its timeout only to those who do.
  const headers = { host: url.host, connection: persistence, ...exchange.headers };
  const limits = { stallMs, signal };
  const route = { url, origin: url.origin, proxy, lookup, target: path, headers, persistence, limits };
  if (!proxy || url.protocol === 'https:') return route;
  const { authorization } = proxy;
  const secret = authorization === undefined ? {} : { 'proxy-authorization': authorization };
  return { ...route, target: `${url.origin}${path}`, headers: { ...secret, ...headers } };
};

/** The proxy resolves names by itself; whenever it is asked, they must pass here before. @throws what the lookup says */
const requirePermitted = ({ url, proxy, lookup }: Route): Promise<void> =>
  new Promise((resolve, reject) => {
    const host = hostOf(url);
    if (!proxy || !lookup || net.isIP(host) !== 0) return resolve();
    lookup(host, { all: true }, (error) => (error ? reject(error) : resolve()));
  });

/**
 * @param stallMs longest wait for a byte that was asked for, 0 for none
 * @throws Error for a URL of another scheme, and for a name that nobody may be asked for; the signal's reason
 */
export const routeTo = async (
  exchange: Exchange,
  persistence: Persistence,
  stallMs = exchange.connections.stallMs,
): Promise<Route> => {
  exchange.signal.throwIfAborted();
  const route = routeOf(exchange, persistence, stallMs);
  await requirePermitted(route);
  return route;
};

/** Through a proxy: to it itself for http, by CONNECT for https. */
const openSocket = async ({ url, proxy, lookup, limits }: Route): Promise<DirectSocket> => {
  const [host, port, isSecure] = [hostOf(url), portOf(url), url.protocol === 'https:'];
  const connectMs = limits.stallMs || longestConnectMs;
  if (!proxy) return openDirectSocket({ host, port, isSecure, lookup, connectMs });
  if (!isSecure) return openDirectSocket({ ...proxy, connectMs });
  const tunnel = await openTunnel(proxy, { host, port, timeoutMs: connectMs, signal: limits.signal });
  return openDirectSocket({ host, port, isSecure, tunnel, connectMs });
};

const dialedOver = (socket: DirectSocket, route: Route): Dialed => {
  const connection = connectionOver(socket, route.limits);
  const { target, headers, persistence, origin, proxy, lookup } = route;
  const keep = (forMs: number): void => {
    const left = persistence === 'close' ? undefined : connection.leave();
    // Not the route: what waits needs no token of a request.
    if (left) keepIdle({ origin, proxy, lookup }, left, forMs);
  };
  return { connection, target, headers, keep };
};

/** A new connection. @throws Error for a proxy that refuses; the signal's reason */
export const dial = async (route: Route): Promise<Dialed> => {
  route.limits.signal.throwIfAborted();
  return dialedOver(await openSocket(route), route);
};

/** A connection that has served an exchange before; undefined where none went the same way. */
export const dialAgain = async (route: Route): Promise<Dialed | undefined> => {
  const socket = await takeIdle(route);
  return socket && dialedOver(socket, route);
};
