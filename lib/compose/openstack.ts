import { otherRegion, targetRegionsOf } from '../clouds/target-regions.ts';
import type { Config } from '../config.ts';
import { createUriFilter } from '../download/uri-filter.ts';
import { proxiesOf } from '../http/connections/proxy.ts';
import { trustAlso } from '../http/trust.ts';
import { createAccess } from '../imports/access/access.ts';
import { createTargets } from '../imports/access/targets.ts';
import { createOpenStackHttp } from '../openstack/http.ts';
import { createKeystone } from '../openstack/keystone.ts';
import { cacheValidations } from '../openstack/token-cache.ts';
import type { PropertyRules } from '../properties/wanted.ts';
import { composeClouds, composeKeystoneAt } from './clouds.ts';
import { composeSealer, type ServiceUserCredential } from './secrets.ts';

// From settings to what speaks with Keystone, Glance, and sources elsewhere.

export const composeUriFilter = (config: Config) =>
  createUriFilter({
    schemes: {
      allowed: config.OS_IMPORT_FILTERING_OPTS__ALLOWED_SCHEMES,
      disallowed: config.OS_IMPORT_FILTERING_OPTS__DISALLOWED_SCHEMES,
    },
    hosts: {
      allowed: config.OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS,
      disallowed: config.OS_IMPORT_FILTERING_OPTS__DISALLOWED_HOSTS,
    },
    ports: {
      allowed: config.OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS,
      disallowed: config.OS_IMPORT_FILTERING_OPTS__DISALLOWED_PORTS,
    },
  });

/** Proxies as every tool finds them in the environment; the SDK's clients as well (lib/aws/connections.ts). */
const composeConnections = (config: Config) => ({
  proxyFor: proxiesOf(process.env),
  stallMs: config.SOURCE_STALL_S * 1000,
  minimumRate: config.MINIMUM_RATE_KIB_S * 1024,
  answerMs: config.UPLOAD_ANSWER_S * 1000,
});

/** @param serviceUser of the steps, which may outlive their caller's token */
export const composeOpenStack = (config: Config, serviceUser?: ServiceUserCredential) => {
  if (config.OS_CACERT) trustAlso(config.OS_CACERT);
  const http = createOpenStackHttp(composeConnections(config));
  const keystone = createKeystone({ authUrl: config.OS_AUTH_URL, http, serviceUser });
  return { http, keystone: cacheValidations(keystone, { ttlMs: config.TOKEN_CACHE_S * 1000 }) };
};

export type OpenStack = ReturnType<typeof composeOpenStack>;

/** Where who shows no token for a region gets one. */
export const composeAuthUrl = (config: Config) => {
  const regions = targetRegionsOf(config.OS_TARGET_REGIONS, config.OS_REGION_NAME);
  return (region: string | undefined): string =>
    (region === undefined ? undefined : otherRegion(regions, region)?.authUrl) ?? config.OS_AUTH_URL;
};

export const composeTargets = (config: Config, openstack: OpenStack) =>
  createTargets({
    ...openstack,
    keystoneAt: composeKeystoneAt(config, openstack),
    region: config.OS_REGION_NAME,
    targetRegions: config.OS_TARGET_REGIONS,
    interface: config.OS_INTERFACE,
  });

export const composeAccess = (config: Config, openstack: OpenStack) => {
  const uriFilter = composeUriFilter(config);
  const filtered = { ...composeConnections(config), lookup: uriFilter.lookup };
  const sealer = composeSealer(config);
  const clouds = composeClouds(config, openstack);
  return createAccess({ ...openstack, clouds, sealer, uriFilter, filtered });
};

export const composePropertyRules = (config: Config): PropertyRules => ({
  prefixes: config.OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES,
  inject: config.OS_INJECT_METADATA_PROPERTIES__INJECT,
  ignoreUserRoles: config.OS_INJECT_METADATA_PROPERTIES__IGNORE_USER_ROLES,
});
