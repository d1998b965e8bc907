import { createHash } from 'node:crypto';
import type { ImageId, RegionName } from '../../../schemas/ids.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import type { Change, Inventory } from '../change.ts';

/** Images of one region, to be found by whatever a change goes by. */
interface Index {
  readonly byId: ReadonlyMap<ImageId, readonly ImageFacts[]>;
  readonly byName: ReadonlyMap<string, readonly ImageFacts[]>;
  readonly byFamily: ReadonlyMap<string | undefined, readonly ImageFacts[]>;
}

const indexOf = (images: readonly ImageFacts[]): Index => ({
  byId: Map.groupBy(images, ({ id }) => id),
  byName: Map.groupBy(images, ({ name }) => name),
  byFamily: Map.groupBy(images, ({ provenance }) => provenance?.family),
});

const there = ({ byId, byName, byFamily }: Index, { image, name, family }: Change): readonly ImageFacts[] => [
  ...(byId.get(image) ?? []),
  // Images without a name have none in common.
  ...((name && byName.get(name)) || []),
  ...(byFamily.get(family) ?? []),
];

/** Glance leaves `updated_at` as it is where a member is added or removed. */
const stateOf = ({ region, id, status, updatedAtMs, members }: ImageFacts): string =>
  JSON.stringify([region, id, status, updatedAtMs, members?.toSorted()]);

/** Of anything that JSON can say. */
export const textDigest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);

const digestOf = (images: readonly ImageFacts[]): string =>
  textDigest([...new Set(images.map(stateOf))].sort());

/**
 * For each change a digest of all that it has seen: the image itself, its family and whatever has its name in its region,
 * their sources; of each its status, its members and when it was last changed.
 */
export const digestsOf = (inventory: Inventory): ((change: Change) => string) => {
  const sources = indexOf(inventory.source);
  const indexes = new Map<RegionName, Index>(
    [...inventory.targets].map(([region, images]) => [region, indexOf(images)]),
  );
  const nothing = indexOf([]);
  return (change) => {
    const seen = there(indexes.get(change.region) ?? nothing, change);
    const origins = seen.flatMap(
      ({ provenance }) => (provenance && sources.byId.get(provenance.sourceId)) ?? [],
    );
    return digestOf([...seen, ...origins, ...there(sources, change)]);
  };
};
