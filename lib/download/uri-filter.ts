import { lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

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
  /** Whether Glance's validate_import_uri would let this URI pass, and its host resolves to allowed addresses. */
  passes(uri: string): Promise<boolean>;
  /** For connections: resolves a name and refuses forbidden addresses at the moment they are used (DNS rebinding). */
  readonly lookup: LookupFunction;
}

const permitted = <T>({ allowed, disallowed }: Lists<T>, value: T): boolean =>
  allowed.length > 0 ? allowed.includes(value) : !disallowed.includes(value);

/** This machine, link-local (where cloud metadata lives), unspecified, multicast, broadcast; IPv4 in IPv6 clothes too. */
const forbiddenRanges = ['loopback', 'linkLocal', 'unspecified', 'multicast', 'broadcast'];
const metadataIpv6 = 'fd00:ec2::254';

const isForbiddenAddress = (address: string): boolean => {
  const parsed = ipaddr.process(address);
  return forbiddenRanges.includes(parsed.range()) || parsed.toString() === metadataIpv6;
};

/**
 * `http://127.1/` and `http://2130706433/` are 127.0.0.1 to a URL parser. Glance takes addresses only as written in
 * full (normalize_hostname), so a parser that had to rewrite an address means a refusal.
 */
const isRewritten = (uri: string, hostname: string): boolean =>
  ipaddr.IPv4.isValid(hostname) && !uri.includes(`//${hostname}`);

const parse = (uri: string): URL | undefined => {
  const url = URL.parse(uri);
  if (!url || url.hostname === '' || url.username !== '' || url.password !== '') return undefined;
  return isRewritten(uri, url.hostname) ? undefined : url;
};

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** @param options as configured; names compare in lower case */
export const createUriFilter = (options: UriFilterOptions): UriFilter => {
  const listed = new Set(options.hosts.allowed);
  const isAddressAllowed = (host: string, address: string) =>
    listed.has(host) || !isForbiddenAddress(address);

  const lookup: LookupFunction = (host, lookupOptions, callback) => {
    resolve(host, { ...lookupOptions, all: true }, (error, addresses) => {
      const allowed = error ? [] : addresses.filter(({ address }) => isAddressAllowed(host, address));
      const [first] = allowed;
      if (error || !first) callback(error ?? new Error(`the addresses of ${host} do not pass filtering`), '');
      else if (lookupOptions.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };

  const resolves = (host: string): Promise<boolean> =>
    ipaddr.isValid(host)
      ? Promise.resolve(isAddressAllowed(host, host))
      : new Promise((done) => lookup(host, { all: true }, (error) => done(!error)));

  const passes: UriFilter['passes'] = async (uri) => {
    const url = parse(uri);
    if (!url) return false;
    const host = withoutBrackets(url.hostname);
    if (!permitted(options.schemes, url.protocol.slice(0, -1)) || !permitted(options.hosts, host))
      return false;
    // Glance looks at the port only where the URI names one.
    if (url.port !== '' && !permitted(options.ports, Number(url.port))) return false;
    return await resolves(host);
  };

  return { passes, lookup };
};

/** A URI as it may be shown: presigned queries and userinfo are credentials. */
export const displayUri = (uri: string): string =>
  uri.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1');
