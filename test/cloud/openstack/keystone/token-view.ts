import type { CatalogService } from './catalog.ts';
import type { ApplicationCredential } from './fixture.ts';
import { domain } from './fixture.ts';
import type { Token } from './tokens.ts';

/** The body of a token answer. Only a token with a project has roles and a catalog. */
export function tokenView(token: Token, catalog: readonly CatalogService[] | undefined): object {
  const { project, roles, user, credential } = token;
  return {
    token: {
      methods: token.methods,
      user: { domain, id: user.id, name: user.name, password_expires_at: null },
      audit_ids: token.auditIds,
      expires_at: timestamp(token.expiresAtMs),
      issued_at: timestamp(token.issuedAtMs),
      ...(project ? { project: { domain, ...project }, is_domain: false, roles } : {}),
      ...(project && catalog ? { catalog } : {}),
      ...(credential ? { application_credential: credentialView(credential) } : {}),
    },
  };
}

/** Keystone leaves access rules out where there are none. */
function credentialView({ id, name, accessRules }: ApplicationCredential): object {
  return { id, name, restricted: true, ...(accessRules ? { access_rules: accessRules } : {}) };
}

/** 2026-11-23T03:09:00.000000Z */
function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}
