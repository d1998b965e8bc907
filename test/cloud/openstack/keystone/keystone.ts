import type { IncomingMessage, ServerResponse } from 'node:http';
import { readText } from '../http/body.ts';
import { type Json, parseJson } from '../http/json.ts';
import { newRequestId } from '../http/request-id.ts';
import { serve } from '../http/server.ts';
import { authenticate } from './authenticate.ts';
import { catalogOf, type Endpoint, onAllInterfaces } from './catalog.ts';
import { badRequest, forbidden, KeystoneError, notFound, unauthorized } from './errors.ts';
import { userNamed } from './fixture.ts';
import { tokenView } from './token-view.ts';
import { type Token, type TokenStore, tokenStore } from './tokens.ts';
import { versions } from './versions.ts';

export interface KeystoneOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  /** Seconds; Keystone's default is 3600. */
  readonly tokenLifetimeS?: number;
  /** The regions in which this Keystone is listed as an identity endpoint. */
  readonly regions?: readonly string[];
}

export interface Keystone {
  readonly url: string;
  /** `<url>/v3`, what an openrc calls OS_AUTH_URL. */
  readonly authUrl: string;
  readonly tokens: TokenStore;
  addEndpoints(endpoints: readonly Endpoint[]): void;
  /** A token for the user's project, without a request. @param lifetimeS seconds */
  issueToken(userName: string, lifetimeS?: number): string;
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: object;
}

/** A Keystone v3 with the users of fixture.ts: issues, validates and revokes tokens. */
export async function startKeystone(options: KeystoneOptions = {}): Promise<Keystone> {
  const tokens = tokenStore(options.tokenLifetimeS ?? 3600);
  const endpoints: Endpoint[] = [];
  const server = await serve(async (incoming, outgoing) => {
    const answer = await answerTo(incoming, outgoing).catch(asAnswer);
    send(incoming, outgoing, answer);
  }, options.port ?? 0);
  const authUrl = `${server.url}/v3`;
  for (const region of options.regions ?? ['REGION1', 'REGION2'])
    endpoints.push(...onAllInterfaces('identity', region, authUrl));

  async function answerTo(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Answer> {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', server.url);
    const version = versions(pathname, server.url);
    if (version) return version;
    if (pathname !== '/v3/auth/tokens') throw notFound('The requested URL was not found on the server.');
    switch (incoming.method) {
      case 'POST':
        return issue(await readJson(incoming, outgoing));
      case 'GET':
      case 'HEAD':
        return validate(incoming, searchParams);
      case 'DELETE':
        return revoke(incoming);
      default:
        return methodNotAllowed;
    }
  }

  function issue(body: Json): Answer {
    const token = tokens.issue(authenticate(body, tokens));
    return tokenAnswer(201, token, true);
  }

  function validate(incoming: IncomingMessage, query: URLSearchParams): Answer {
    const subject = authorizedSubject(incoming, 'validate_token');
    const allowExpired = !['', '0', 'false', null].includes(query.get('allow_expired'));
    const token = allowExpired ? tokens.evenExpired(subject) : tokens.valid(subject);
    if (!token) throw notFound(unknownSubject(subject));
    return tokenAnswer(200, token, !query.has('nocatalog'));
  }

  function revoke(incoming: IncomingMessage): Answer {
    const subject = authorizedSubject(incoming, 'revoke_token');
    if (!tokens.valid(subject)) throw notFound(unknownSubject(subject));
    tokens.revoke(subject);
    return { status: 204 };
  }

  /** The X-Subject-Token, once the X-Auth-Token may ask for it: its own, or by an admin or a service. */
  function authorizedSubject(incoming: IncomingMessage, action: string): string {
    const caller = tokens.valid(header(incoming, 'x-auth-token'));
    if (!caller) throw unauthorized();
    const subject = header(incoming, 'x-subject-token') ?? '';
    const mayAskForOthers = caller.roles.some(({ name }) => name === 'admin' || name === 'service');
    if (subject !== caller.id && !mayAskForOthers && tokens.known(subject)) throw forbidden(action);
    if (subject === '') throw forbidden(action);
    return subject;
  }

  const unknownSubject = (subject: string): string =>
    tokens.known(subject) ? 'Failed to validate token' : 'Could not recognize Fernet token';

  const tokenAnswer = (status: number, token: Token, withCatalog: boolean): Answer => ({
    status,
    headers: { 'X-Subject-Token': token.id },
    json: tokenView(token, withCatalog ? catalogOf(endpoints) : undefined),
  });

  function asAnswer(error: unknown): Answer {
    if (!(error instanceof KeystoneError)) throw error;
    const { status, title, message } = error;
    const headers = { 'WWW-Authenticate': `Keystone uri="${authUrl}"` };
    return {
      status,
      json: { error: { code: status, message, title } },
      ...(status === 401 ? { headers } : {}),
    };
  }

  return {
    url: server.url,
    authUrl,
    tokens,
    addEndpoints: (more) => void endpoints.push(...more),
    issueToken: (name, lifetimeS) => {
      const user = userNamed(name);
      return tokens.issue({ user, methods: ['password'], project: user.project }, lifetimeS).id;
    },
    stop: server.stop,
  };
}

const methodNotAllowed: Answer = {
  status: 405,
  headers: { Allow: 'DELETE, POST, HEAD, GET, OPTIONS' },
  json: { message: 'The method is not allowed for the requested URL.' },
};

async function readJson(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Json> {
  const text = await readText(incoming, outgoing);
  try {
    return parseJson(text);
  } catch {
    throw badRequest(
      'Expecting to find valid JSON in request body. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.',
    );
  }
}

function header(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function send(incoming: IncomingMessage, outgoing: ServerResponse, { status, headers, json }: Answer): void {
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
