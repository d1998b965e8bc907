import type { ApplicationCredentialAuth, Authentication, ProjectScope, UserName } from './cloud.ts';

// What Keystone is sent to prove who one is (https://docs.openstack.org/api-ref/identity/v3/, "Authentication and token management").

/** Of names that come without one, as for openstackclient (`--os-default-domain`). */
const usualDomain = { id: 'default' };

const userOf = ({ id, name, domain = usualDomain }: UserName) =>
  id === undefined ? { name, domain } : { id };

const scopeOf = ({ id, name, domain = usualDomain }: ProjectScope) => ({
  project: id === undefined ? { name, domain } : { id },
});

export const isScoped = ({ id, name }: ProjectScope): boolean => id !== undefined || name !== undefined;

/** It carries its own project: a scope is refused. */
const applicationCredential = ({ id, name, secret, user }: ApplicationCredentialAuth) =>
  id === undefined ? { name, secret, user: user && userOf(user) } : { id, secret };

/** The request's body, below `auth`. */
export const authBody = (auth: Authentication): unknown => {
  switch (auth.kind) {
    case 'application-credential': {
      const application_credential = applicationCredential(auth.credential);
      return { identity: { methods: ['application_credential'], application_credential } };
    }
    case 'password': {
      const { user, password, project } = auth.password;
      const identity = { methods: ['password'], password: { user: { ...userOf(user), password } } };
      return { identity, scope: scopeOf(project) };
    }
    case 'token': {
      const { token, scope } = auth;
      const identity = { methods: ['token'], token: { id: token } };
      return isScoped(scope) ? { identity, scope: scopeOf(scope) } : { identity };
    }
  }
};
