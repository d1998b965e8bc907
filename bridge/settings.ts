import { boolean, dict, type Env, integer, inWords, list, parseEnv, text } from '../lib/environment.ts';
import type { BridgeSettings } from '../lib/schemas/bridge.ts';
import { isBridgeSettings } from '../lib/schemas/bridge-validators.js';

/** How each variable is read. A setting without an entry does not compile. */
const parsers = {
  OS_REGION_NAME: text,
  RABBITMQ_URL: text,
  RABBITMQ_HOSTS: list,
  BRIDGE_EXCHANGE: text,
  BRIDGE_EXCHANGE_DURABLE: boolean,
  BRIDGE_TOPICS: list,
  BRIDGE_QUEUE: text,
  BRIDGE_PREFETCH: integer,
  BRIDGE_DEDUPE_S: integer,
  BRIDGE_PUBLISHERS: dict,
  BRIDGE_POLICY: text,
  BRIDGE_TARGET_REGIONS: list,
  BRIDGE_VISIBILITY: list,
  BRIDGE_OWNERS: list,
  BRIDGE_PROPERTIES: dict,
  BRIDGE_HEALTH_HOST: text,
  BRIDGE_HEALTH_PORT: integer,
  EVENT_BUS_NAME: text,
  REPLICATE_IMAGE_QUEUE_URL: text,
} as const satisfies Record<keyof BridgeSettings, (value: string) => unknown>;

/** Values where the environment is silent; those of Glance and oslo.messaging where they have the option. */
const defaults: Env = {
  RABBITMQ_HOSTS: '',
  BRIDGE_EXCHANGE: 'glance', // Glance's control_exchange
  BRIDGE_EXCHANGE_DURABLE: 'false', // amqp_durable_queues
  BRIDGE_TOPICS: 'notifications', // [oslo_messaging_notifications] topics
  BRIDGE_QUEUE: 'glance-ferry',
  BRIDGE_PREFETCH: '20',
  BRIDGE_DEDUPE_S: '60',
  BRIDGE_PUBLISHERS: '',
  BRIDGE_TARGET_REGIONS: '',
  BRIDGE_VISIBILITY: '',
  BRIDGE_OWNERS: '',
  BRIDGE_PROPERTIES: '',
  BRIDGE_HEALTH_HOST: '127.0.0.1',
};

/** Of each pair, one must be set, and not both. */
const pairs = [
  ['BRIDGE_POLICY', 'BRIDGE_TARGET_REGIONS'],
  ['EVENT_BUS_NAME', 'REPLICATE_IMAGE_QUEUE_URL'],
] as const;

const isSet = (value: unknown): boolean =>
  value !== undefined && !(Array.isArray(value) && value.length === 0);

const notOneOf = (settings: Record<string, unknown>): string[] =>
  pairs.flatMap((names) => {
    const count = names.filter((name) => isSet(settings[name])).length;
    if (count === 1) return [];
    return [count === 0 ? `${names.join(' or ')} is not set` : `${names.join(' and ')} exclude each other`];
  });

/** A policy says which images it is for. Regions do not, and with them all would be every tenant's private snapshots. */
const notSaid = ({
  BRIDGE_TARGET_REGIONS,
  BRIDGE_VISIBILITY,
  BRIDGE_OWNERS,
}: Record<string, unknown>): string[] =>
  isSet(BRIDGE_TARGET_REGIONS) && !isSet(BRIDGE_VISIBILITY) && !isSet(BRIDGE_OWNERS)
    ? [
        'BRIDGE_TARGET_REGIONS needs BRIDGE_VISIBILITY or BRIDGE_OWNERS: without them it is for the private images of all',
      ]
    : [];

/**
 * Reads and validates the bridge's environment, once, at its start.
 * @throws Error that lists everything that is wrong, without values
 */
export const loadBridgeSettings = (env: Env): Readonly<BridgeSettings> => {
  const settings = parseEnv(env, parsers, defaults);
  const valid = isBridgeSettings(settings);
  const wrong = [
    ...(isBridgeSettings.errors ?? []).map(inWords),
    ...notOneOf(settings),
    ...notSaid(settings),
  ];
  if (!valid || wrong.length > 0) throw new Error(`Configuration: ${[...new Set(wrong)].join('; ')}`);
  return Object.freeze(settings);
};
