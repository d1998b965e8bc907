import { type Static, Type } from 'typebox';

const nonEmpty = Type.String({ minLength: 1 });
const httpUrl = Type.String({ pattern: '^https?://' });
const secretArn = Type.String({ pattern: '^arn:[^:]+:secretsmanager:' });
const names = Type.Array(nonEmpty);
const ports = Type.Array(Type.Integer({ minimum: 1, maximum: 65535 }));

/** Glance's own, so that one value may serve both; the first two are not for us. */
const importMethod = Type.Enum(['glance-direct', 'copy-image', 'web-download', 'glance-download']);

/**
 * The functions' environment after it was split into lists and numbers (lib/config.ts).
 * Names are those that operators know: openrc for Keystone, oslo.config's environment driver for Glance's options.
 */
export const Settings = Type.Object({
  OS_AUTH_URL: httpUrl,
  OS_REGION_NAME: nonEmpty,
  OS_TARGET_REGIONS: names,
  OS_INTERFACE: Type.Enum(['public', 'internal', 'admin']),
  OS_CACERT: Type.Optional(nonEmpty),
  OS_APPLICATION_CREDENTIAL_ID: Type.Optional(nonEmpty),
  OS_APPLICATION_CREDENTIAL_SECRET: Type.Optional(nonEmpty),
  OS_APPLICATION_CREDENTIAL_SECRET_ARN: Type.Optional(secretArn),
  CLOUDS_SECRET_ARN: Type.Optional(secretArn),
  OS_CLIENT_CONFIG_FILE: Type.Optional(nonEmpty),

  OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES: names,
  OS_INJECT_METADATA_PROPERTIES__INJECT: Type.Record(Type.String(), Type.String()),
  OS_INJECT_METADATA_PROPERTIES__IGNORE_USER_ROLES: names,
  OS_IMPORT_FILTERING_OPTS__ALLOWED_SCHEMES: names,
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_SCHEMES: names,
  OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: names,
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_HOSTS: names,
  OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: ports,
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_PORTS: ports,
  OS_DEFAULT__ENABLED_IMPORT_METHODS: Type.Optional(Type.Array(importMethod)),
  OS_DEFAULT__IMAGE_SIZE_CAP: Type.Integer({ minimum: 1 }),

  API_CONTRACT: Type.Enum(['ferry', 'glance']),
  ACTIVATION: Type.Enum(['upload', 'none']),
  IMPORTS_TABLE: Type.Optional(nonEmpty),
  RELAY_BUCKET: Type.Optional(nonEmpty),
  STREAM_IMAGE_QUEUE_URL: Type.Optional(httpUrl),
  APPLY_METADATA_QUEUE_URL: Type.Optional(httpUrl),
  FAIL_IMPORT_QUEUE_URL: Type.Optional(httpUrl),
  /** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html */
  EVENT_BUS_NAME: Type.Optional(Type.String({ pattern: '^[/.\\-_A-Za-z0-9]{1,256}$' })),
  /** Of the policies, in what is deployed. */
  POLICIES_DIR: nonEmpty,
  REPLICATE_IMAGE_QUEUE_URL: Type.Optional(httpUrl),
  REPLICATE_IMAGE_DEAD_QUEUE_URL: Type.Optional(httpUrl),
  TOKEN_SEALING_SECRET: Type.Optional(Type.String({ minLength: 32 })),
  TOKEN_SEALING_SECRET_ARN: Type.Optional(secretArn),

  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: Type.Optional(Type.Integer({ minimum: 1 })),
  PART_SIZE_MIB: Type.Integer({ minimum: 5, maximum: 5120 }),
  PARTS_IN_FLIGHT: Type.Integer({ minimum: 1, maximum: 64 }),
  MAX_PARTS: Type.Integer({ minimum: 1, maximum: 10_000 }),
  SEGMENT_SIZE_MIB: Type.Integer({ minimum: 5 }),
  SEGMENTS_AT_ONCE: Type.Integer({ minimum: 1, maximum: 64 }),
  PART_CHECKSUM: Type.Enum(['crc32', 'md5', 'sha256', 'none']),
  SOURCE_STALL_S: Type.Integer({ minimum: 1 }),
  MINIMUM_RATE_KIB_S: Type.Integer({ minimum: 0 }),
  UPLOAD_ANSWER_S: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  SOURCE_RETRIES: Type.Integer({ minimum: 0, maximum: 100 }),
  SOURCE_RETRY_DELAY_MS: Type.Integer({ minimum: 1 }),
  DEADLINE_RESERVE_S: Type.Integer({ minimum: 1, maximum: 60 }),
  HEARTBEAT_S: Type.Integer({ minimum: 1, maximum: 60 }),
  RETRY_DELAY_S: Type.Integer({ minimum: 0, maximum: 900 }),
  TOKEN_CACHE_S: Type.Integer({ minimum: 0, maximum: 300 }),
  WORKER_CONCURRENCY: Type.Integer({ minimum: 1, maximum: 64 }),
  STREAM_CONCURRENCY: Type.Integer({ minimum: 1 }),
  APPLY_CONCURRENCY: Type.Integer({ minimum: 1 }),
  PROJECT_SHARE_PERCENT: Type.Integer({ minimum: 1, maximum: 100 }),
  TASK_TTL_H: Type.Integer({ minimum: 1 }),
  /** The bucket's own rule removes what is older than 14 days. */
  RELAY_KEEP_H: Type.Integer({ minimum: 0, maximum: 240 }),
});
export type Settings = Static<typeof Settings>;
