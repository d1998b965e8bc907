import type { Dispatcher } from 'undici';
import { type ForwardProxy, hostOf, type ProxyFor, portOf } from '../../http/connections/proxy.ts';
import { addressMs, openTunnel } from '../../http/connections/tunnel.ts';
import { Agent, buildConnector } from './undici.ts';

const headersTimeout = 20_000; // ms; an HTTP function has 29 s for all its calls
/** Longer than an address gets, so that the next one has a turn. */
const connectTimeout = 3 * addressMs;
/** A catalog of a hundred regions has some 100 KB. */
const longestAnswer = 16 * 1024 * 1024; // bytes

type Connector = ReturnType<typeof buildConnector>;

/** https through a proxy: TLS begins at the other end of a tunnel. */
const throughTunnels =
  (connect: Connector, proxyFor: ProxyFor): Connector =>
  (options, callback) => {
    const url = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
    const proxy = options.protocol === 'https:' ? proxyFor(url) : undefined;
    if (!proxy) return connect(options, callback);
    const tunnel = openTunnel(proxy, { host: hostOf(url), port: portOf(url), timeoutMs: connectTimeout });
    tunnel.then(
      (httpSocket) => connect({ ...options, httpSocket }, callback),
      (error: Error) => callback(error, null),
    );
  };

/** http through a proxy: it is told the whole URL (RFC 9112 3.2.2). */
const toProxy = (
  options: Dispatcher.DispatchOptions,
  url: URL,
  { host, port, isSecure, authorization }: ForwardProxy,
): Dispatcher.DispatchOptions => ({
  ...options,
  origin: `http${isSecure ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${port}`,
  path: `${url.origin}${options.path}`,
  headers: {
    host: url.host,
    ...(authorization !== undefined && { 'proxy-authorization': authorization }),
    ...(options.headers as Readonly<Record<string, string>>),
  },
});

/** A pool of connections for what is small. */
export const createSmallCalls = (proxyFor: ProxyFor): Dispatcher => {
  const connect = buildConnector({
    timeout: connectTimeout,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: addressMs,
    allowH2: false,
  });
  const agent = new Agent({
    connect: throughTunnels(connect, proxyFor),
    headersTimeout,
    bodyTimeout: headersTimeout,
    maxResponseSize: longestAnswer,
  });
  return agent.compose((dispatch) => (options, handler) => {
    const url = new URL(String(options.origin));
    const proxy = url.protocol === 'http:' ? proxyFor(url) : undefined;
    return dispatch(proxy ? toProxy(options, url, proxy) : options, handler);
  });
};
