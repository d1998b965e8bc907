import { createHash } from 'node:crypto';
import { ferryPrefix } from '../lib/replication/record/provenance.ts';
import type { BridgeSettings, NotifiedImage } from '../lib/schemas/bridge.ts';
import { isNotifiedImage } from '../lib/schemas/bridge-validators.js';
import type { ImagePublished } from '../lib/schemas/replication/image-published.ts';
import type { Notification, Poison } from './notification.ts';

/** What a notification leads to. */
export type Read =
  | {
      readonly kind: 'event';
      readonly event: ImagePublished /** What makes two of them the same. */;
      readonly key: string;
    }
  | { readonly kind: 'ignored'; readonly reason: string }
  | Poison;

/** Which images get an event, and what it says. Lists and tables that are empty let everything pass. */
export type Rules = Pick<
  BridgeSettings,
  | 'BRIDGE_PUBLISHERS'
  | 'BRIDGE_POLICY'
  | 'BRIDGE_TARGET_REGIONS'
  | 'BRIDGE_VISIBILITY'
  | 'BRIDGE_OWNERS'
  | 'BRIDGE_PROPERTIES'
>;

const ignored = (reason: string): Read => ({ kind: 'ignored', reason });

const statusOf = (payload: unknown): unknown =>
  typeof payload === 'object' && payload !== null && 'status' in payload ? payload.status : undefined;

/**
 * Only of an image that has its data: `image.upload`, `image.activate` and `image.update` all say so, and one that was
 * activated by its location sends `image.update` alone. A failed upload has priority ERROR.
 */
const tellsOfActiveImage = ({ eventType, priority, payload }: Notification): boolean =>
  eventType.startsWith('image.') && priority !== 'ERROR' && statusOf(payload) === 'active';

/** Where several regions share a broker, the publisher tells them apart. */
const regionOf = ({ publisherId }: Notification, region: string, publishers: Rules['BRIDGE_PUBLISHERS']) =>
  Object.keys(publishers).length === 0 ? region : new Map(Object.entries(publishers)).get(publisherId);

const isIn = (list: readonly string[], value: string | null): boolean =>
  list.length === 0 || (value !== null && list.includes(value));

/** Why an image gets no event, if it gets none. */
const objection = ({ visibility, owner, properties }: NotifiedImage, rules: Rules): string | undefined => {
  if (Object.keys(properties).some((name) => name.startsWith(ferryPrefix))) return 'It is a replica of ours';
  if (!isIn(rules.BRIDGE_VISIBILITY, visibility)) return `It is ${visibility}`;
  if (!isIn(rules.BRIDGE_OWNERS, owner)) return 'Its owner is none of BRIDGE_OWNERS';
  const other = Object.entries(rules.BRIDGE_PROPERTIES).find(([name, value]) => properties[name] !== value);
  return other && `Its ${other[0]} is not that of BRIDGE_PROPERTIES`;
};

const requestOf = (source: ImagePublished['source'], rules: Rules): ImagePublished | undefined => {
  if (rules.BRIDGE_POLICY !== undefined) return { source, policy: rules.BRIDGE_POLICY };
  const others = rules.BRIDGE_TARGET_REGIONS.filter((region) => region !== source.region);
  return others.length > 0 ? { source, targets: others.map((region) => ({ region })) } : undefined;
};

/** Without Glance's own notes of an import, which change from one notification to the next of the same change. */
const plainOf = (record: Readonly<Record<string, unknown>>): unknown =>
  Object.entries(record).filter(
    ([name, value]) => !name.startsWith('os_glance_') && typeof value !== 'object',
  );

/**
 * The same for notifications that tell of the same state of the same image: `image.upload`, `image.activate` and
 * `image.update` of one upload. It covers the record (id, checksum, updated_at, …), since updated_at has seconds only.
 */
const keyOf = (region: string, image: NotifiedImage): string => {
  const { properties, tags = [] } = image;
  return createHash('sha256')
    .update(JSON.stringify([region, plainOf(image), plainOf(properties), tags]))
    .digest('base64');
};

/**
 * What is to be done about a notification: an event for an image that has become, or is still, active; nothing for
 * anything else, and nothing for what we have made ourselves, so that regions which replicate into each other make no loop.
 * @param region of the Glances whose notifications these are, where `rules` do not tell them apart
 */
export const eventOf = (notification: Notification, region: string, rules: Rules): Read => {
  const { eventType, payload, publisherId } = notification;
  if (!tellsOfActiveImage(notification)) return ignored(`${eventType} tells of no active image`);
  if (!isNotifiedImage(payload)) return { kind: 'poison', reason: `${eventType} has no record of an image` };
  const itsRegion = regionOf(notification, region, rules.BRIDGE_PUBLISHERS);
  if (itsRegion === undefined) return ignored(`BRIDGE_PUBLISHERS does not name ${publisherId}`);
  const reason = objection(payload, rules);
  if (reason !== undefined) return ignored(reason);
  const event = requestOf({ region: itsRegion, image_id: payload.id }, rules);
  return event
    ? { kind: 'event', event, key: keyOf(itsRegion, payload) }
    : ignored('It is in its target region');
};
