import dns from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { echo } from '../echo.ts';
import { FerryError } from '../errors.ts';

/** Glance's `[import_filtering_opts]`. Where a level has both lists, the allow list alone counts. */
export interface UriFilterOptions {
  readonly schemes: Lists<string>;
  readonly hosts: Lists<string>;
  readonly ports: Lists<number>;
}

interface Lists<T> {
  readonly allowed: readonly T[];
  readonly disallowed: readonly T[];
}

export interface UriFilter {
  /**
   * Whether Glance's validate_import_uri would let this URI pass, and its host resolves to allowed addresses.
   * @throws FerryError `unavailable` where nobody can say at the moment what the host resolves to
   */
  passes(uri: string): Promise<boolean>;
  /** For connections: resolves a name and refuses forbidden addresses at the moment they are used (DNS rebinding). */
  readonly lookup: LookupFunction;
}

const permitted = <T>({ allowed, disallowed }: Lists<T>, value: T): boolean =>
  allowed.length > 0 ? allowed.includes(value) : !disallowed.includes(value);

/**
 * Azure's platform services answer every machine at a public address
 * (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
 */
const metadata = ['168.63.129.16'];

/** IPv4 in IPv6 clothes: mapped (RFC 4291), compatible (`::127.0.0.1`), NAT64 (RFC 6052) and SIIT (RFC 6145). */
const withoutClothes = (address: string): ipaddr.IPv4 | ipaddr.IPv6 => {
  const parsed = ipaddr.process(address);
  const bytes = parsed.toByteArray();
  const isClothed =
    bytes.slice(0, -4).every((byte) => byte === 0) || ['rfc6052', 'rfc6145'].includes(parsed.range());
  return isClothed ? ipaddr.fromByteArray(bytes.slice(-4)) : parsed;
};

/**
 * What the world can reach, and nothing else: no range of IANA's special-purpose registries, so neither this machine
 * nor private networks (RFC 1918, fc00::/7), a provider's own (100.64.0.0/10), or link-local ones, where clouds keep
 * their metadata.
 */
const isPublic = (address: string): boolean => {
  const parsed = withoutClothes(address);
  return parsed.range() === 'unicast' && !metadata.includes(parsed.toString());
};

/**
 * Host and port as written. URL parsers also take backslashes, blanks, percent signs and a missing `//`; Python's
 * urlsplit, by which Glance looks at a URI, finds no or another host then.
 */
const plainForm =
  /^[a-z][a-z0-9+.-]*:\/\/(?<host>\[[^\]]+\]|[^\s\\/?#@:%[\]]+)(?::(?<port>\d*))?(?=[/?#]|$)/i;

interface ParsedUri {
  readonly scheme: string;
  readonly host: string;
  /** Undefined where the URI names none: Glance looks at no port then. */
  readonly port: number | undefined;
}

/** `h.` is `h`, for DNS and so for the lists. */
const normaliseName = (host: string): string => host.toLowerCase().replace(/\.$/, '');

const parse = (uri: string): ParsedUri | undefined => {
  const url = URL.parse(uri);
  const { host = '', port } = plainForm.exec(uri)?.groups ?? {};
  if (!url || host === '') return undefined;
  // `http://127.1/` and `http://2130706433/` are 127.0.0.1 to a URL parser. Glance takes addresses only as written in
  // full (normalize_hostname), so a parser that had to rewrite one means a refusal.
  if (ipaddr.IPv4.isValid(url.hostname) && host !== url.hostname) return undefined;
  return {
    scheme: url.protocol.slice(0, -1),
    host: normaliseName(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: port ? Number(port) : undefined,
  };
};

const normaliseNames = ({ allowed, disallowed }: Lists<string>): Lists<string> => ({
  allowed: allowed.map(normaliseName),
  disallowed: disallowed.map(normaliseName),
});

/** Codes of a resolver that cannot say at the moment (getaddrinfo(3)). */
const passing: ReadonlySet<string | undefined> = new Set(['EAI_AGAIN', 'EAI_MEMORY', 'EAI_SYSTEM']);

/**
 * None for a name that does not exist: Glance refuses that. A resolver that is away for a moment says nothing of the name.
 * @throws FerryError `unavailable`
 */
const addressesOf = (host: string): Promise<readonly string[]> =>
  new Promise((done, failed) => {
    dns.lookup(host, { all: true }, (error, addresses) => {
      if (!error) return done(addresses.map(({ address }) => address));
      if (!passing.has(error.code)) return done([]);
      const reason = `${echo(host)} cannot be resolved at the moment (${error.code})`;
      failed(new FerryError('unavailable', reason, { cause: error }));
    });
  });

/** @param options as configured; names compare in lower case */
export const createUriFilter = (options: UriFilterOptions): UriFilter => {
  const schemes = normaliseNames(options.schemes);
  const hosts = normaliseNames(options.hosts);
  const listed = new Set(hosts.allowed);
  // As Glance's resolve_pinned_address: a listed host may be anywhere, and a denied address has no other name.
  const isAddressAllowed = (host: string, address: string) =>
    listed.has(normaliseName(host)) ||
    (isPublic(address) && permitted(hosts, withoutClothes(address).toString()));

  const lookup: LookupFunction = (host, lookupOptions, callback) => {
    dns.lookup(host, { ...lookupOptions, all: true }, (error, addresses) => {
      const allowed = error ? [] : addresses.filter(({ address }) => isAddressAllowed(host, address));
      const [first] = allowed;
      if (error || !first) callback(error ?? new Error(`the addresses of ${host} do not pass filtering`), '');
      else if (lookupOptions.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };

  const resolves = async (host: string): Promise<boolean> => {
    if (ipaddr.isValid(host)) return isAddressAllowed(host, host);
    const addresses = await addressesOf(host);
    return addresses.some((address) => isAddressAllowed(host, address));
  };

  const passes: UriFilter['passes'] = async (uri) => {
    const parsed = parse(uri);
    if (!parsed) return false;
    const { scheme, host, port } = parsed;
    if (!permitted(schemes, scheme) || !permitted(hosts, host)) return false;
    if (port !== undefined && !permitted(options.ports, port)) return false;
    return await resolves(host);
  };

  return { passes, lookup };
};

const isSlash = (character: string | undefined): boolean => character === '/' || character === '\\';

/** Scheme and slashes, and where what follows them ends at the next slash. */
const authorityOf = (uri: string): { readonly start: number; readonly end: number } => {
  let start = /^[a-z][a-z0-9+.-]*:/i.exec(uri)?.[0].length ?? 0;
  while (isSlash(uri[start])) start += 1;
  let end = start;
  while (end < uri.length && !isSlash(uri[end])) end += 1;
  return { start, end };
};

/**
 * A URI as it may be shown: presigned queries and userinfo are credentials, wherever a parser may look for them. By
 * hand: one expression for all of it takes quadratic time over slashes.
 */
export const displayUri = (uri: string): string => {
  const query = uri.search(/[?#]/);
  const whole = query < 0 ? uri : uri.slice(0, query);
  const { start, end } = authorityOf(whole);
  const without = (at: number): string => (at < start ? whole : whole.slice(0, start) + whole.slice(at + 1));
  const shown = without(whole.lastIndexOf('@', end - 1));
  return plainForm.test(shown) ? shown : without(whole.lastIndexOf('@'));
};
