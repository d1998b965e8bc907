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

export interface ApplicationCredential extends Named {
  readonly secret: string;
  readonly user: User;
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
  user('other', 'other', ['member', 'reader']),
  user('reader', 'demo', ['reader']),
  user('svc', 'service', ['service']),
];

/** One per user, named `<name>-ac`, secret `<name>-ac-secret`. */
export const applicationCredentials: readonly ApplicationCredential[] = users.map((owner) => ({
  id: idOf('application-credential', owner.name),
  name: `${owner.name}-ac`,
  secret: `${owner.name}-ac-secret`,
  user: owner,
}));

/** @throws Error when the fixture has no such user */
export function userNamed(name: string): User {
  const found = users.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no user ${name}; there are ${users.map((one) => one.name).join(', ')}`);
  return found;
}
