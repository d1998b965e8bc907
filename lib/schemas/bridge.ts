import { type Static, Type } from 'typebox';

const nonEmpty = Type.String({ minLength: 1 });
const names = Type.Array(nonEmpty);
const uuid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });

/** The bridge's environment after it was split into lists and numbers (bridge/settings.ts). */
export const BridgeSettings = Type.Object({
  OS_REGION_NAME: nonEmpty,
  /** With user and password: never logged. */
  RABBITMQ_URL: Type.String({ pattern: '^amqps?://' }),
  RABBITMQ_HOSTS: names,
  BRIDGE_EXCHANGE: nonEmpty,
  BRIDGE_EXCHANGE_DURABLE: Type.Boolean(),
  BRIDGE_TOPICS: Type.Array(nonEmpty, { minItems: 1 }),
  BRIDGE_QUEUE: nonEmpty,
  BRIDGE_PREFETCH: Type.Integer({ minimum: 1, maximum: 1000 }),
  BRIDGE_DEDUPE_S: Type.Integer({ minimum: 0, maximum: 3600 }),
  BRIDGE_PUBLISHERS: Type.Record(Type.String(), nonEmpty),
  BRIDGE_POLICY: Type.Optional(nonEmpty),
  BRIDGE_TARGET_REGIONS: Type.Array(nonEmpty, { uniqueItems: true, maxItems: 100 }),
  BRIDGE_VISIBILITY: Type.Array(Type.Enum(['public', 'community', 'shared', 'private'])),
  BRIDGE_OWNERS: names,
  BRIDGE_PROPERTIES: Type.Record(Type.String(), Type.String()),
  BRIDGE_HEALTH_HOST: nonEmpty,
  BRIDGE_HEALTH_PORT: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
  EVENT_BUS_NAME: Type.Optional(nonEmpty),
  REPLICATE_IMAGE_QUEUE_URL: Type.Optional(Type.String({ pattern: '^https?://' })),
});
export type BridgeSettings = Static<typeof BridgeSettings>;

/** oslo.messaging's: the message lies in it as text. https://docs.openstack.org/oslo.messaging/latest/ (RPC protocol 2.0) */
export const Envelope = Type.Object({ 'oslo.message': Type.String() });
export type Envelope = Static<typeof Envelope>;

/** What is in it, or is all there is without one (driver `messaging`). */
export const NotificationMessage = Type.Object({
  event_type: nonEmpty,
  priority: Type.Optional(Type.String()),
  publisher_id: Type.Optional(Type.String()),
  message_id: Type.Optional(Type.String()),
  payload: Type.Unknown(),
});
export type NotificationMessage = Static<typeof NotificationMessage>;

/** Of a payload that tells of an image's record, what is looked at: glance/notifier.py, format_image_notification. */
export const NotifiedImage = Type.Object({
  id: uuid,
  status: Type.String(),
  visibility: Type.String(),
  owner: Type.Union([Type.String(), Type.Null()]),
  properties: Type.Record(Type.String(), Type.Unknown()),
  tags: Type.Optional(Type.Array(Type.String())),
});
export type NotifiedImage = Static<typeof NotifiedImage>;
