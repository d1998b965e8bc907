import type { IncomingMessage, ServerResponse } from 'node:http';
import { readText } from '../http/body.ts';
import { type Json, parseJson } from '../http/json.ts';
import { newRequestId } from '../http/request-id.ts';
import { serve } from '../http/server.ts';
import { type Catalog, catalog, type Endpoint, onAllInterfaces } from './catalog.ts';
import { KeystoneError, malformed, notFound } from './errors.ts';
import { type Accounts, accountsOf } from './fixture.ts';
import { type KeystoneAnswer, tokenCalls } from './token-calls.ts';
import { type TokenStore, tokenStore } from './tokens.ts';
import { versions } from './versions.ts';

export interface KeystoneOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  /** Seconds; Keystone's default is 3600. */
  readonly tokenLifetimeS?: number;
  /** The regions in which this Keystone is listed as an identity endpoint. */
  readonly regions?: readonly string[];
  /** Tells its users and projects from those of the same names in another cloud. */
  readonly cloud?: string;
}

export interface Keystone {
  readonly url: string;
  /** `<url>/v3`, what an openrc calls OS_AUTH_URL. */
  readonly authUrl: string;
  readonly accounts: Accounts;
  /** Where a test expires and revokes tokens. */
  readonly tokens: TokenStore;
  addEndpoints(endpoints: readonly Endpoint[]): void;
  readonly setImageEndpoints: Catalog['setImageEndpoints'];
  /** A token for the user's project, without a request. @param lifetimeS seconds */
  issueToken(userName: string, lifetimeS?: number): string;
  /** From now on it answers nobody, until it is back. */
  setAway(isAway: boolean): void;
  stop(): Promise<void>;
}

/** A Keystone v3 with the users of fixture.ts: issues, validates and revokes tokens. */
export async function startKeystone(options: KeystoneOptions = {}): Promise<Keystone> {
  const { port = 0, tokenLifetimeS = 3600, regions = ['REGION1'], cloud = '' } = options;
  const accounts = accountsOf(cloud);
  const tokens = tokenStore(tokenLifetimeS);
  const listed = catalog();
  const calls = tokenCalls({ tokens, catalog: listed, accounts });

  async function answerTo(incoming: IncomingMessage, outgoing: ServerResponse): Promise<KeystoneAnswer> {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', server.url);
    const version = versions(pathname, server.url);
    if (version) return version;
    if (pathname !== '/v3/auth/tokens') throw notFound('The requested URL was not found on the server.');
    switch (incoming.method) {
      case 'POST':
        return calls.issue(await readJson(incoming, outgoing));
      case 'GET':
      case 'HEAD':
        return calls.validate(incoming, searchParams);
      case 'DELETE':
        return calls.revoke(incoming);
      default:
        return methodNotAllowed;
    }
  }

  const server = await serve(async (incoming, outgoing) => {
    const answer = await answerTo(incoming, outgoing).catch((error) => refusal(error, `${server.url}/v3`));
    send(incoming, outgoing, answer);
  }, port);
  const authUrl = `${server.url}/v3`;
  listed.add(regions.flatMap((region) => onAllInterfaces('identity', region, authUrl)));

  return {
    url: server.url,
    authUrl,
    accounts,
    tokens,
    addEndpoints: listed.add,
    setImageEndpoints: listed.setImageEndpoints,
    issueToken: (name, lifetimeS) => {
      const user = accounts.userNamed(name);
      return tokens.issue({ user, methods: ['password'], project: user.project }, lifetimeS).id;
    },
    setAway: server.setAway,
    stop: server.stop,
  };
}

const methodNotAllowed: KeystoneAnswer = {
  status: 405,
  headers: { Allow: 'DELETE, POST, HEAD, GET, OPTIONS' },
  json: { message: 'The method is not allowed for the requested URL.' },
};

async function readJson(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Json> {
  const text = await readText(incoming, outgoing);
  try {
    return parseJson(text);
  } catch {
    throw malformed('valid JSON in request body');
  }
}

function refusal(error: unknown, authUrl: string): KeystoneAnswer {
  if (!(error instanceof KeystoneError)) throw error;
  const { status, title, message } = error;
  const json = { error: { code: status, message, title, ...error.more } };
  return status === 401
    ? { status, json, headers: { 'WWW-Authenticate': `Keystone uri="${authUrl}"` } }
    : { status, json };
}

function send(incoming: IncomingMessage, outgoing: ServerResponse, answer: KeystoneAnswer): void {
  const { status, headers, json } = answer;
  const body = json === undefined ? '' : JSON.stringify(json);
  outgoing.writeHead(status, {
    ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    ...headers,
    Vary: 'X-Auth-Token',
    'x-openstack-request-id': newRequestId(),
  });
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}
