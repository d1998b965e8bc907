import type { NotificationMessage } from '../lib/schemas/bridge.ts';
import { isEnvelope, isNotificationMessage } from '../lib/schemas/bridge-validators.js';

/** A message that nobody can read, however often it comes. */
export interface Poison {
  readonly kind: 'poison';
  readonly reason: string;
}

export interface Notification {
  readonly kind: 'notification';
  /** `image.upload`, `image.update`, … */
  readonly eventType: string;
  /** `INFO`, `ERROR`, …; empty where none is told. */
  readonly priority: string;
  /** Which Glance: its `default_publisher_id`. */
  readonly publisherId: string;
  readonly messageId: string;
  /** Of an image's event mostly its record; of a failed upload a sentence. */
  readonly payload: unknown;
}

/** Bytes. Glance allows 128 properties of 64 KiB (image_property_quota). */
const largest = 16 * 1024 ** 2;

const poison = (reason: string): Poison => ({ kind: 'poison', reason });

const parsed = (text: string): { readonly value?: unknown; readonly wrong?: string } => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { wrong: 'is no JSON' }; // the parser's words would repeat what was sent
  }
};

const notificationOf = (message: NotificationMessage): Notification => ({
  kind: 'notification',
  eventType: message.event_type,
  priority: message.priority?.toUpperCase() ?? '',
  publisherId: message.publisher_id ?? '',
  messageId: message.message_id ?? '',
  payload: message.payload,
});

/**
 * What a message's body says: `{"oslo.version": "2.0", "oslo.message": "<JSON text>"}` of driver `messagingv2`, or without
 * this envelope what is in it (driver `messaging`).
 */
export const readNotification = (body: Uint8Array | string): Notification | Poison => {
  if (body.length > largest) return poison(`It has ${body.length} bytes; ${largest} are read at most`);
  const outer = parsed(typeof body === 'string' ? body : Buffer.from(body).toString('utf8'));
  if (outer.wrong) return poison(`The body ${outer.wrong}`);
  const inner = isEnvelope(outer.value) ? parsed(outer.value['oslo.message']) : outer;
  if (inner.wrong) return poison(`oslo.message ${inner.wrong}`);
  if (!isNotificationMessage(inner.value)) return poison('It is no notification of oslo.messaging');
  return notificationOf(inner.value);
};
