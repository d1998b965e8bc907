import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import tls from 'node:tls';
import { type ProxyFor, proxiesOf } from '../http/connections/proxy.ts';
import { addressMs, dialProxy, openTunnel } from '../http/connections/tunnel.ts';
import type { Connections } from '../http/exchange.ts';
import { trustAlso } from '../http/trust.ts';

// What the SDK's clients connect through: it knows neither proxies nor AWS_CA_BUNDLE, and leaves Node's 250 ms for each
// address of a name.

const agentOptions = { keepAlive: true, maxSockets: 50, autoSelectFamilyAttemptTimeout: addressMs };
const connectTimeout = 3 * addressMs;

/** node:http's own, as it calls an agent. */
interface Asked extends https.AgentOptions {
  readonly host: string;
  readonly port: number;
}
type Created = (error: Error | null, socket?: NodeJS.ReadWriteStream) => void;
interface AgentOf<Options> {
  addRequest(request: ClientRequest, options: Options): void;
}

const urlOf = (protocol: string, { host, port }: Asked): URL =>
  new URL(`${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}`);

/** https through a proxy: TLS begins at the other end of a tunnel. */
const secureAgent = (proxyFor: ProxyFor): https.Agent => {
  const agent = new https.Agent(agentOptions);
  const direct = agent.createConnection.bind(agent);
  const createConnection = (options: Asked, created: Created) => {
    const proxy = proxyFor(urlOf('https:', options));
    if (!proxy) return direct(options);
    const { host, port } = options;
    openTunnel(proxy, { host, port, timeoutMs: connectTimeout }).then(
      (socket) => created(null, tls.connect({ ...options, socket, servername: options.servername ?? host })),
      (error: Error) => created(error),
    );
    return undefined;
  };
  return Object.assign(agent, { createConnection });
};

/** http through a proxy: it is told the whole URL (RFC 9112 3.2.2). */
const plainAgent = (proxyFor: ProxyFor): http.Agent => {
  const agent = new http.Agent(agentOptions);
  const { addRequest } = agent as unknown as AgentOf<Asked>;
  const direct = agent.createConnection.bind(agent);
  return Object.assign(agent, {
    addRequest: (request: ClientRequest, options: Asked) => {
      const url = urlOf('http:', options);
      const proxy = proxyFor(url);
      if (proxy) {
        request.path = `${url.origin}${request.path}`;
        if (proxy.authorization !== undefined) request.setHeader('proxy-authorization', proxy.authorization);
      }
      addRequest.call(agent, request, options);
    },
    createConnection: (options: Asked) => {
      const proxy = proxyFor(urlOf('http:', options));
      return proxy ? dialProxy(proxy) : direct(options);
    },
  });
};

/** AWS_CA_BUNDLE is read when somebody is about to speak TLS, not at every start. */
const proxiesWithTrust = (): ProxyFor => {
  const proxyFor = proxiesOf(process.env);
  const bundle = process.env['AWS_CA_BUNDLE'];
  return (url) => {
    if (bundle && url.protocol === 'https:') trustAlso(bundle);
    return proxyFor(url);
  };
};

/** For requests that are sent by lib/http. */
export const awsConnections = (): Pick<Connections, 'proxyFor'> => ({ proxyFor: proxiesWithTrust() });

/**
 * Of a client of the SDK: through the proxies that the environment names, trusting AWS_CA_BUNDLE beside the public CAs.
 * @param socketTimeout ms without an answer after which a connection counts as dead
 */
export const awsRequestHandler = (socketTimeout: number) => {
  const proxyFor = proxiesWithTrust();
  const agents = { httpAgent: plainAgent(proxyFor), httpsAgent: secureAgent(proxyFor) };
  return { socketTimeout, connectionTimeout: connectTimeout, ...agents };
};
