import { homedir } from 'node:os';
import { echo } from '../../echo.ts';
import type { Token } from '../../schemas/ids.ts';
import type {
  ApplicationCredentialAuth,
  Authentication,
  Cloud,
  NamedDomain,
  ProjectScope,
  UserName,
} from '../cloud.ts';
import { type Fields, isFields } from './yaml-files.ts';

// One entry of a clouds.yaml, as openstacksdk reads it (https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html).

/** Why an entry cannot be used: fields' names, and no value but that of a choice. */
export class EntryProblem extends Error {
  readonly fields: readonly string[];
  readonly reason: string;
  constructor(fields: readonly string[], reason: string) {
    super([fields.join(' or '), reason].join(' ').trim());
    this.fields = fields;
    this.reason = reason;
  }
}

type Read = (...names: readonly string[]) => string | undefined;

/** The first of these names that has a text; plugins' options stand below `auth`, or beside it. */
const readerOf = (entry: Fields): Read => {
  const auth = entry['auth'];
  const all: Fields = { ...entry, ...(isFields(auth) ? auth : {}) };
  return (...names) => {
    for (const name of names) {
      const value = Object.hasOwn(all, name) ? all[name] : undefined;
      if (isFields(value) || Array.isArray(value)) throw new EntryProblem([name], 'is not a text');
      // What a file says by leaving it out, or by YAML's null.
      if (typeof value === 'string' && !['', '~', 'null'].includes(value)) return value;
    }
    return undefined;
  };
};

const required = (read: Read, ...names: readonly string[]): string => {
  const value = read(...names);
  if (value === undefined) throw new EntryProblem(names, 'is not set');
  return value;
};

const given = <K extends string>(key: K, value: string | undefined) =>
  value === undefined ? undefined : ({ [key]: value } as { readonly [P in K]: string });

/** What is said of a user, or of a project, and else of both. */
const domainOf = (read: Read, of: 'user' | 'project'): { readonly domain?: NamedDomain } => {
  const ids = [`${of}_domain_id`, 'domain_id', 'default_domain_id', 'default_domain'];
  const names = [`${of}_domain_name`, 'domain_name', 'default_domain_name'];
  const own = given('id', read(`${of}_domain_id`)) ?? given('name', read(`${of}_domain_name`));
  const domain = own ?? given('id', read(...ids)) ?? given('name', read(...names));
  return domain ? { domain } : {};
};

const userOf = (read: Read): UserName => {
  const id = read('user_id');
  const name = id === undefined ? required(read, 'username') : undefined;
  return { ...given('id', id), ...given('name', name), ...domainOf(read, 'user') };
};

const projectOf = (read: Read): ProjectScope => {
  const id = read('project_id', 'tenant_id');
  const name = read('project_name', 'tenant_name');
  return { ...given('id', id), ...given('name', name), ...domainOf(read, 'project') };
};

const requireProject = (scope: ProjectScope): ProjectScope => {
  if (scope.id === undefined && scope.name === undefined)
    throw new EntryProblem(['project_name', 'project_id'], 'is not set');
  return scope;
};

const credentialOf = (read: Read): ApplicationCredentialAuth => {
  const secret = required(read, 'application_credential_secret');
  const id = read('application_credential_id');
  if (id !== undefined) return { id, secret };
  const name = required(read, 'application_credential_id', 'application_credential_name');
  return { name, secret, user: userOf(read) };
};

const readers: Readonly<Record<Authentication['kind'], (read: Read) => Authentication>> = {
  'application-credential': (read) => ({ kind: 'application-credential', credential: credentialOf(read) }),
  password: (read) => ({
    kind: 'password',
    password: {
      user: userOf(read),
      password: required(read, 'password'),
      project: requireProject(projectOf(read)),
    },
  }),
  token: (read) => ({
    kind: 'token',
    token: required(read, 'token', 'auth_token') as Token,
    scope: projectOf(read),
  }),
};

/** keystoneauth's names of its plugins. */
const kinds: Readonly<Record<string, Authentication['kind']>> = {
  v3applicationcredential: 'application-credential',
  password: 'password',
  v3password: 'password',
  token: 'token',
  v3token: 'token',
};

/** Without `auth_type` it is told by what is there. */
const kindOf = (read: Read): Authentication['kind'] => {
  const type = read('auth_type', 'auth_plugin');
  if (type === undefined) {
    if (read('application_credential_secret') !== undefined) return 'application-credential';
    return read('token', 'auth_token') === undefined ? 'password' : 'token';
  }
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (!kind)
    throw new EntryProblem(['auth_type'], `${echo(type)} is none of ${Object.keys(kinds).join(', ')}`);
  return kind;
};

const interfaces = ['public', 'internal', 'admin'] as const;

const interfaceOf = (read: Read): Cloud['interface'] => {
  const text = read('interface', 'endpoint_type') ?? 'public';
  const found = interfaces.find((one) => one === text.replace(/URL$/, ''));
  if (!found) throw new EntryProblem(['interface'], `${echo(text)} is none of ${interfaces.join(', ')}`);
  return found;
};

const authUrlOf = (read: Read): string => {
  const url = required(read, 'auth_url');
  if (!/^https?:\/\/./.test(url)) throw new EntryProblem(['auth_url'], 'is not a URL of http or https');
  return url;
};

const cacertOf = (read: Read): string | undefined => read('cacert')?.replace(/^~(?=\/)/, homedir());

const refuseUnverified = (read: Read): void => {
  if (['false', 'no', 'off', '0'].includes((read('verify') ?? '').toLowerCase()))
    throw new EntryProblem(
      ['verify'],
      'is off, and certificates are always verified; cacert names the PEM file of a private CA',
    );
};

/** Where its Keystone is, of an entry in which something else is wrong. */
export const readKeystone = (entry: Fields): Pick<Cloud, 'authUrl' | 'cacert'> | undefined => {
  try {
    const read = readerOf(entry);
    return { authUrl: authUrlOf(read), ...given('cacert', cacertOf(read)) };
  } catch (error) {
    if (error instanceof EntryProblem) return undefined;
    throw error;
  }
};

/** @throws EntryProblem naming the field */
export const readEntry = (name: string, entry: Fields): Cloud => {
  const read = readerOf(entry);
  refuseUnverified(read);
  return {
    name,
    authUrl: authUrlOf(read),
    auth: readers[kindOf(read)](read),
    ...given('regionName', read('region_name')),
    interface: interfaceOf(read),
    ...given('cacert', cacertOf(read)),
    ...given('importUrl', read('image_import_endpoint_override')),
  };
};
