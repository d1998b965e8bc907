import net from 'node:net';

/** A forward proxy of HTTP. */
export interface ForwardProxy {
  readonly host: string;
  readonly port: number;
  /** Whether it speaks TLS itself. */
  readonly isSecure: boolean;
  /** `Proxy-Authorization`, of the userinfo. A secret. */
  readonly authorization: string | undefined;
}

/** Whom a URL is asked through; undefined for nobody. */
export type ProxyFor = (url: URL) => ForwardProxy | undefined;

type Env = Readonly<Record<string, string | undefined>>;

/** A URL's host as net takes it: IPv6 without brackets. */
export const hostOf = ({ hostname }: URL): string =>
  hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;

/** The port that a URL names, or its scheme's. */
export const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80);

/** Lower case first, as curl has it: a web server makes HTTP_PROXY of a request’s header `Proxy`. */
const variable = (env: Env, name: string): string => env[name.toLowerCase()] || env[name] || '';

const authorizationOf = ({ username, password }: URL): string | undefined => {
  if (username === '' && password === '') return undefined;
  const userinfo = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(userinfo).toString('base64')}`;
};

/** @throws Error that names the variable, and not its value: it may have a password */
const parseProxy = (env: Env, name: string): ForwardProxy | undefined => {
  const text = variable(env, name).trim();
  if (text === '') return undefined;
  // `proxy:3128`, as curl takes it. A URL parser would take its name for a scheme.
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new Error(
      `${name} is not the URL of an HTTP proxy (http://host:port or https://host:port); proxies of SOCKS and other kinds are not supported`,
    );
  return {
    host: hostOf(url),
    port: portOf(url),
    isSecure: url.protocol === 'https:',
    authorization: authorizationOf(url),
  };
};

type Rule = (host: string, port: number) => boolean;

/** `10.0.0.0/8`, `fd00::/8`, or an address alone. */
const networkRule = (entry: string): Rule | undefined => {
  const [address = '', prefix] = entry.split('/');
  const version = net.isIP(address);
  if (version === 0) return undefined;
  const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (version === 4 ? 32 : 128)) return () => false;
  const network = new net.BlockList();
  network.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  return (host) => net.isIP(host) === version && network.check(host, version === 4 ? 'ipv4' : 'ipv6');
};

/** `example.org`, `.example.org` and `*.example.org` all mean the name and what lies below it. */
const nameRule = (entry: string): Rule => {
  const name = entry.startsWith('*.') ? entry.slice(2) : entry.startsWith('.') ? entry.slice(1) : entry;
  return (host) => host === name || host.endsWith(`.${name}`);
};

/** `host:8080`, `[::1]:8080`; a bare IPv6 address has no port. */
const splitPort = (entry: string): readonly [host: string, port: number | undefined] => {
  const colon = entry.lastIndexOf(':');
  const isBare = colon < 0 || net.isIPv6(entry.split('/')[0] ?? '') || entry.endsWith(']');
  const host = isBare ? entry : entry.slice(0, colon);
  const port = isBare ? undefined : Number(entry.slice(colon + 1));
  return [host.startsWith('[') ? host.slice(1, -1) : host, port];
};

const ruleOf = (entry: string): Rule => {
  if (entry === '*') return () => true;
  const [name, only] = splitPort(entry.toLowerCase());
  const rule = networkRule(name) ?? nameRule(name);
  return (host, port) => (only === undefined || only === port) && rule(host, port);
};

/**
 * Proxies as the environment names them: HTTPS_PROXY and HTTP_PROXY by the scheme of what is asked for, NO_PROXY with
 * names (and all below them), addresses, networks, each with or without a port, and `*`. As curl reads them.
 * @throws Error for a proxy of another kind than HTTP's
 */
export const proxiesOf = (env: Env): ProxyFor => {
  const proxies = { 'https:': parseProxy(env, 'HTTPS_PROXY'), 'http:': parseProxy(env, 'HTTP_PROXY') };
  const rules = variable(env, 'NO_PROXY')
    .split(',')
    .flatMap((part) => part.split(' '))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(ruleOf);
  return (url) => {
    const proxy = url.protocol === 'https:' ? proxies['https:'] : proxies['http:'];
    if (!proxy) return undefined;
    const host = hostOf(url);
    const name = host.endsWith('.') ? host.slice(0, -1) : host;
    return rules.some((applies) => applies(name, portOf(url))) ? undefined : proxy;
  };
};
