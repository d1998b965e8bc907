import {
  dict,
  type Env,
  integer,
  integers,
  inWords,
  list,
  parseEnv,
  text,
  withoutEmpty,
} from './environment.ts';
import { defaults } from './schemas/defaults.ts';
import type { Settings } from './schemas/settings.ts';
import { isSettings } from './schemas/validators.js';

type Optional = {
  [K in keyof Settings]-?: undefined extends Settings[K] ? K : never;
}[keyof Settings];
/** The settings, with those that this function cannot do without. */
export type Config<K extends Optional = never> = Readonly<
  Settings & { [P in K]-?: NonNullable<Settings[P]> }
>;

/** The specification's name for the option that Glance calls extra_properties. */
const specificationName = 'OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES_PREFIXES';

/** How each variable is read. A setting without an entry does not compile. */
const parsers = {
  OS_AUTH_URL: text,
  OS_REGION_NAME: text,
  OS_TARGET_REGIONS: list,
  OS_INTERFACE: text,
  OS_CACERT: text,
  OS_APPLICATION_CREDENTIAL_ID: text,
  OS_APPLICATION_CREDENTIAL_SECRET: text,
  OS_APPLICATION_CREDENTIAL_SECRET_ARN: text,
  CLOUDS_SECRET_ARN: text,
  OS_CLIENT_CONFIG_FILE: text,
  OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES: list,
  OS_INJECT_METADATA_PROPERTIES__INJECT: dict,
  OS_INJECT_METADATA_PROPERTIES__IGNORE_USER_ROLES: list,
  OS_IMPORT_FILTERING_OPTS__ALLOWED_SCHEMES: list,
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_SCHEMES: list,
  OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: list,
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_HOSTS: list,
  OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: integers,
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_PORTS: integers,
  OS_DEFAULT__ENABLED_IMPORT_METHODS: list,
  OS_DEFAULT__IMAGE_SIZE_CAP: integer,
  API_CONTRACT: text,
  ACTIVATION: text,
  IMPORTS_TABLE: text,
  RELAY_BUCKET: text,
  STREAM_IMAGE_QUEUE_URL: text,
  APPLY_METADATA_QUEUE_URL: text,
  FAIL_IMPORT_QUEUE_URL: text,
  EVENT_BUS_NAME: text,
  POLICIES_DIR: text,
  REPLICATE_IMAGE_QUEUE_URL: text,
  REPLICATE_IMAGE_DEAD_QUEUE_URL: text,
  TOKEN_SEALING_SECRET: text,
  TOKEN_SEALING_SECRET_ARN: text,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: integer,
  PART_SIZE_MIB: integer,
  PARTS_IN_FLIGHT: integer,
  MAX_PARTS: integer,
  SEGMENT_SIZE_MIB: integer,
  SEGMENTS_AT_ONCE: integer,
  PART_CHECKSUM: text,
  SOURCE_STALL_S: integer,
  MINIMUM_RATE_KIB_S: integer,
  UPLOAD_ANSWER_S: integer,
  SOURCE_RETRIES: integer,
  SOURCE_RETRY_DELAY_MS: integer,
  DEADLINE_RESERVE_S: integer,
  HEARTBEAT_S: integer,
  RETRY_DELAY_S: integer,
  TOKEN_CACHE_S: integer,
  WORKER_CONCURRENCY: integer,
  STREAM_CONCURRENCY: integer,
  APPLY_CONCURRENCY: integer,
  PROJECT_SHARE_PERCENT: integer,
  TASK_TTL_H: integer,
  RELAY_KEEP_H: integer,
} as const satisfies Record<keyof Settings, (value: string) => unknown>;

const parse = (env: Env): Record<string, unknown> => {
  const alias = withoutEmpty(env)[specificationName];
  const aliased = alias === undefined ? {} : { OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES: alias };
  return parseEnv(env, parsers, { ...defaults, ...aliased });
};

/** What every step needs: its state, the relay, and the queues that it may send to. */
export const stepSettings = [
  'IMPORTS_TABLE',
  'RELAY_BUCKET',
  'STREAM_IMAGE_QUEUE_URL',
  'APPLY_METADATA_QUEUE_URL',
  'FAIL_IMPORT_QUEUE_URL',
] as const;

/** The secret itself, or where it lies. */
export const sealingSecret = ['TOKEN_SEALING_SECRET', 'TOKEN_SEALING_SECRET_ARN'] as const;
/** Of each, one may be set. */
const alternatives = [
  sealingSecret,
  ['OS_APPLICATION_CREDENTIAL_SECRET', 'OS_APPLICATION_CREDENTIAL_SECRET_ARN'],
  ['OS_CLIENT_CONFIG_FILE', 'CLOUDS_SECRET_ARN'],
] as const;

const bothOf = (settings: Record<string, unknown>): string[] =>
  alternatives
    .filter((names) => names.every((name) => settings[name] !== undefined))
    .map((names) => `${names.join(' and ')} are two ways to say the same`);

const halfACredential = (settings: Record<string, unknown>): string[] => {
  const { OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret } = settings;
  return (id === undefined) === (secret === undefined)
    ? []
    : ['OS_APPLICATION_CREDENTIAL_ID and OS_APPLICATION_CREDENTIAL_SECRET are only of use together'];
};

/**
 * Reads and validates the environment, once, at the start of a function.
 * @param required settings that this function cannot do without
 * @param either settings of which it needs one
 * @throws Error that lists everything that is wrong, without values.
 */
export const loadConfig = <const K extends Optional = never>(
  env: Env,
  required: readonly K[] = [],
  either: readonly Optional[] = [],
): Config<K> => {
  const settings = parse(env);
  const missing = required.filter((name) => settings[name] === undefined).map((name) => `${name} is not set`);
  const isOneSet = either.length === 0 || either.some((name) => settings[name] !== undefined);
  const valid = isSettings(settings);
  const wrong = [
    ...(isSettings.errors ?? []).map(inWords),
    ...missing,
    ...(isOneSet ? [] : [`${either.join(' or ')} is not set`]),
    ...bothOf(settings),
    ...halfACredential(settings),
  ];
  if (!valid || wrong.length > 0) throw new Error(`Configuration: ${[...new Set(wrong)].join('; ')}`);
  for (const value of Object.values(settings)) Object.freeze(value);
  return Object.freeze(settings) as Config<K>;
};
