import type { Patience } from '../aws/patience.ts';
import { createRelayStore } from '../aws/relay-store.ts';
import { createS3Client } from '../aws/s3-client.ts';
import { createDynamoClient, createTable, type Table } from '../aws/table.ts';
import type { Config } from '../config.ts';
import { createSegmentRecords } from '../copies/segment-records.ts';
import { createUriFilter } from '../download/uri-filter.ts';
import { proxiesOf } from '../http/proxy.ts';
import { trustAlso } from '../http/trust.ts';
import { createAccess } from '../imports/record/access.ts';
import { createClaims } from '../imports/record/claims.ts';
import { createTargets } from '../imports/record/targets.ts';
import { createTasks } from '../imports/record/tasks.ts';
import { createOpenStackHttp } from '../openstack/http.ts';
import { createKeystone } from '../openstack/keystone.ts';
import { cacheValidations } from '../openstack/token-cache.ts';
import type { PropertyRules } from '../properties/wanted.ts';
import { leaseMsOf } from '../steps/heartbeat.ts';
import { createSeats, type Seats } from '../steps/seats.ts';
import { largestPartIn, MiB, type PartLimits } from '../transfer/part-plan.ts';
import { composeSealer, type ServiceUserCredential } from './compose-secrets.ts';

// From settings to collaborators: each function takes what it needs, once, when it starts.

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

export const composeTargets = (config: Config, openstack: OpenStack) =>
  createTargets({
    ...openstack,
    region: config.OS_REGION_NAME,
    targetRegions: config.OS_TARGET_REGIONS,
    interface: config.OS_INTERFACE,
  });

/** @returns nothing where no project has to wait for its turn */
export const composeSeats = (
  config: Config,
  table: Table,
  { step, concurrency }: { readonly step: string; readonly concurrency: number },
): { readonly seats?: Seats } => {
  const percent = config.PROJECT_SHARE_PERCENT;
  if (percent === 100) return {};
  const share = { concurrency, percent };
  return { seats: createSeats(table, { step, leaseMs: leaseMsOf(config.HEARTBEAT_S), share }) };
};

/** @param patience with the table; the usual one when absent */
export const composeState = (config: Config<'IMPORTS_TABLE'>, patience?: Patience) => {
  const table = createTable(createDynamoClient(patience), config.IMPORTS_TABLE);
  return {
    table,
    tasks: createTasks(table, { ttlH: config.TASK_TTL_H }),
    claims: createClaims(table, { leaseMs: leaseMsOf(config.HEARTBEAT_S) }),
    segments: createSegmentRecords(table),
  };
};

export const composeAccess = (config: Config, openstack: OpenStack) => {
  const uriFilter = composeUriFilter(config);
  const filtered = { ...composeConnections(config), lookup: uriFilter.lookup };
  const sealer = composeSealer(config);
  return createAccess({ ...openstack, sealer, uriFilter, filtered });
};

export const composeRelay = (config: Config<'RELAY_BUCKET'>) =>
  createRelayStore(createS3Client(), config.RELAY_BUCKET, {
    checksum: config.PART_CHECKSUM,
    stallMs: config.SOURCE_STALL_S * 1000,
  });

/** For sources, and for the relay's objects. */
export const composeBudget = (config: Config) => ({
  sourceBudget: {
    retries: config.SOURCE_RETRIES,
    firstDelayMs: config.SOURCE_RETRY_DELAY_MS,
    // What must have come in a minute.
    forgottenAfter: Math.max(1, config.MINIMUM_RATE_KIB_S * 1024 * 60),
  },
});

/** Bytes for each step: Lambda tells its functions, a worker's container has a limit, or there is none. */
const memoryOf = ({
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: lambdaMiB,
  WORKER_CONCURRENCY: steps,
}: Config): number =>
  lambdaMiB === undefined
    ? (process.constrainedMemory() || Number.POSITIVE_INFINITY) / steps
    : lambdaMiB * MiB;

const composePartLimits = (config: Config): PartLimits => ({
  partSize: config.PART_SIZE_MIB * MiB,
  maxParts: config.MAX_PARTS,
  largestPart: largestPartIn(memoryOf(config)),
});

export const composeTransferLimits = (config: Config) => ({
  partLimits: composePartLimits(config),
  partsInFlight: config.PARTS_IN_FLIGHT,
  segmentLimits: { segmentSize: config.SEGMENT_SIZE_MIB * MiB, segmentsAtOnce: config.SEGMENTS_AT_ONCE },
  imageSizeCap: config.OS_DEFAULT__IMAGE_SIZE_CAP,
  ...composeBudget(config),
});

export const composePropertyRules = (config: Config): PropertyRules => ({
  prefixes: config.OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES,
  inject: config.OS_INJECT_METADATA_PROPERTIES__INJECT,
  ignoreUserRoles: config.OS_INJECT_METADATA_PROPERTIES__IGNORE_USER_ROLES,
});

export const composePace = (config: Config) => ({
  heartbeatS: config.HEARTBEAT_S,
  retryDelayS: config.RETRY_DELAY_S,
});
