import { createHash } from 'node:crypto';

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface User extends Named {
  readonly password: string;
  readonly project: Named;
  readonly roles: readonly Named[];
}

/** A request that a token of an application credential is good for. */
export interface AccessRule {
  readonly service: string;
  readonly method: string;
  readonly path: string;
}

export interface ApplicationCredential extends Named {
  readonly secret: string;
  readonly user: User;
  /** Absent: its tokens are good for all that its user may do. */
  readonly accessRules?: readonly AccessRule[];
}

/** The same id for the same name in every run, so that tests may write ids down. */
export function idOf(kind: string, name: string): string {
  return createHash('sha256').update(`${kind}:${name}`).digest('hex').slice(0, 32);
}

function user(name: string, project: string, roles: readonly string[]): User {
  return {
    id: idOf('user', name),
    name,
    password: `${name}-secret`,
    project: { id: idOf('project', project), name: project },
    roles: roles.map((role) => ({ id: idOf('role', role), name: role })),
  };
}

export const domain: Named = { id: 'default', name: 'Default' };

/** Every user has the password `<name>-secret` and one project. */
export const users: readonly User[] = [
  user('admin', 'admin', ['admin', 'member', 'reader']),
  user('demo', 'demo', ['member', 'reader']),
  user('colleague', 'demo', ['member', 'reader']),
  user('other', 'other', ['member', 'reader']),
  user('reader', 'demo', ['reader']),
  user('svc', 'service', ['service']),
];

function applicationCredential(owner: User, name = `${owner.name}-ac`): ApplicationCredential {
  return { id: idOf('application-credential', name), name, secret: `${name}-secret`, user: owner };
}

/** Good for looking at images, and for nothing else. */
export const restrictedCredential: ApplicationCredential = {
  ...applicationCredential(userNamed('demo'), 'demo-rules'),
  accessRules: [{ service: 'image', method: 'GET', path: '/v2/images/**' }],
};

/** One per user, named `<name>-ac`, secret `<name>-ac-secret`, and one with access rules. */
export const applicationCredentials: readonly ApplicationCredential[] = [
  ...users.map((owner) => applicationCredential(owner)),
  restrictedCredential,
];

/** @throws Error when the fixture has no such user */
export function userNamed(name: string): User {
  const found = users.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no user ${name}; there are ${users.map((one) => one.name).join(', ')}`);
  return found;
}
