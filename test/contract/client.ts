import type { Account, ContractCloud, SignedIn } from './cloud.ts';

export interface Ask {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string | Buffer;
}

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text of an error, without webob's line breaks. */
  readonly message: string;
  /** A field of a JSON answer. */
  field(name: string): unknown;
}

/** One request; asks for JSON errors unless told otherwise, follows no redirect. */
export async function ask(method: string, url: string, options: Ask = {}): Promise<Asked> {
  const { token, json } = options;
  const headers = {
    Accept: 'application/json',
    ...(token === undefined ? {} : { 'X-Auth-Token': token }),
    ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...options.headers,
  };
  const body = json === undefined ? options.body : JSON.stringify(json);
  const response = await fetch(url, {
    ...{ method, headers, redirect: 'manual' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  const text = await response.text();
  const { status } = response;
  const field = (name: string): unknown => fieldOf(text, name);
  return { status, headers: response.headers, text, message: messageOf(text), field };
}

function fieldOf(text: string, name: string): unknown {
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === 'object' && parsed !== null
    ? new Map(Object.entries(parsed)).get(name)
    : undefined;
}

function messageOf(text: string): string {
  if (!text.startsWith('{')) return '';
  return String(fieldOf(text, 'message') ?? '')
    .replaceAll('<br /><br />', '')
    .trim();
}

/** The body of a password login, scoped to the account's project. */
export function passwordLogin({ userName, password, projectName }: Account): object {
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name: userName, domain, password } } };
  return { auth: { identity, scope: { project: { name: projectName, domain } } } };
}

/** @throws Error when Keystone does not know the account */
export async function signIn(cloud: Pick<ContractCloud, 'authUrl'>, account: Account): Promise<SignedIn> {
  const answer = await ask('POST', `${cloud.authUrl}/auth/tokens`, { json: passwordLogin(account) });
  const token = answer.headers.get('x-subject-token');
  if (!token) throw new Error(`${account.userName} cannot sign in: ${answer.status} ${answer.text}`);
  const { project } = answer.field('token') as { project: { id: string } };
  return { token, projectId: project.id };
}
