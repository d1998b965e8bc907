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

export const domain: Named = { id: 'default', name: 'Default' };

/** Who is known to a Keystone. */
export interface Accounts {
  /** Every user has the password `<name>-secret` and one project. */
  readonly users: readonly User[];
  /** One per user, named `<name>-ac`, secret `<name>-ac-secret`, and one with access rules. */
  readonly applicationCredentials: readonly ApplicationCredential[];
  /** Good for looking at images, and for nothing else. */
  readonly restrictedCredential: ApplicationCredential;
  /** @throws Error when there is no such user */
  userNamed(name: string): User;
}

/** The accounts of a cloud: in each the same names and passwords, with ids of its own. @param cloud '' for the first */
export function accountsOf(cloud: string): Accounts {
  const named = (kind: string, name: string): Named => ({ id: idOf(`${cloud}${kind}`, name), name });

  function user(name: string, project: string, roles: readonly string[]): User {
    return {
      ...named('user', name),
      password: `${name}-secret`,
      project: named('project', project),
      roles: roles.map((role) => named('role', role)),
    };
  }

  const users: readonly User[] = [
    user('admin', 'admin', ['admin', 'member', 'reader']),
    user('demo', 'demo', ['member', 'reader']),
    user('colleague', 'demo', ['member', 'reader']),
    user('other', 'other', ['member', 'reader']),
    user('reader', 'demo', ['reader']),
    user('svc', 'service', ['service']),
  ];

  function userNamed(name: string): User {
    const found = users.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`no user ${name}; there are ${users.map((one) => one.name).join(', ')}`);
    return found;
  }

  const credential = (owner: User, name = `${owner.name}-ac`): ApplicationCredential => ({
    ...named('application-credential', name),
    ...{ secret: `${name}-secret`, user: owner },
  });
  const restrictedCredential: ApplicationCredential = {
    ...credential(userNamed('demo'), 'demo-rules'),
    accessRules: [{ service: 'image', method: 'GET', path: '/v2/images/**' }],
  };
  const applicationCredentials = [...users.map((owner) => credential(owner)), restrictedCredential];
  return { users, applicationCredentials, restrictedCredential, userNamed };
}

/** Of the first cloud, the only one in most tests. */
export const { applicationCredentials, restrictedCredential, userNamed } = accountsOf('');
