import type { Change, Inventory, Reliance, Value } from '../../../lib/replication/plan/change.ts';
import { wantedReplica } from '../../../lib/replication/plan/wanted-replica.ts';
import type { Policy } from '../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../lib/replication/record/image-facts.ts';
import { provenanceIn, provenanceProperties } from '../../../lib/replication/record/provenance.ts';
import type { ImageId, RegionName } from '../../../lib/schemas/ids.ts';

// What Glance and an import make of a change, without either: the inventory as the next run finds it.

type Facts = { -readonly [Key in keyof ImageFacts]: ImageFacts[Key] };

const attributes: Readonly<Record<string, keyof ImageFacts>> = {
  owner: 'owner',
  name: 'name',
  min_disk: 'minDisk',
  min_ram: 'minRam',
  protected: 'isProtected',
  os_hidden: 'isHidden',
  tags: 'tags',
};

const withProperties = (image: ImageFacts, properties: Readonly<Record<string, string>>): ImageFacts => {
  const { provenance: _, ...rest } = image;
  const provenance = provenanceIn(properties);
  return { ...rest, properties, ...(provenance && { provenance }) };
};

const patched = (image: ImageFacts, set: Readonly<Record<string, Value>>): ImageFacts => {
  const properties = new Map(Object.entries(image.properties));
  const changed: Record<string, unknown> = { ...image };
  for (const [name, value] of Object.entries(set)) {
    const attribute = attributes[name];
    if (attribute) changed[attribute] = value;
    else if (typeof value === 'string') properties.set(name, value);
    else properties.delete(name);
  }
  return withProperties(changed as unknown as ImageFacts, Object.fromEntries(properties));
};

/** As its import has left it and the policy finished it; a target may convert its bytes, here those of odd sizes. */
const copied = (
  policy: Policy,
  inventory: Inventory,
  change: Change & { readonly kind: 'copy' },
): ImageFacts => {
  const source = inventory.source.find(({ id }) => id === change.image);
  const target = policy.targets.find(({ region }) => region === change.region);
  if (!source || !target) throw new Error(`nothing to copy: ${JSON.stringify(change)}`);
  const wanted = wantedReplica(source, policy, target);
  const isConverted = (source.size ?? 0) % 2 === 1;
  const fresh = policy.identity === 'id' ? source.id : (`${change.region}:${source.id}` as ImageId);
  const facts: Facts = {
    ...source,
    region: change.region,
    id: change.record ?? fresh,
    name: wanted.name,
    visibility: wanted.visibility,
    owner: inventory.owners.get(change.region) ?? '',
    isProtected: wanted.isProtected ?? false,
    isHidden: wanted.isHidden ?? false,
    ...(isConverted && { hash: { algorithm: 'sha512', value: `converted ${source.hash?.value ?? ''}` } }),
    minDisk: wanted.minDisk,
    minRam: wanted.minRam,
    createdAtMs: inventory.atMs,
    updatedAtMs: inventory.atMs,
    tags: wanted.tags ?? [],
    ...(wanted.members && { members: wanted.members }),
  };
  return withProperties(facts, { ...wanted.properties, ...provenanceProperties(wanted.provenance) });
};

const changed = (image: ImageFacts, change: Change): readonly ImageFacts[] => {
  switch (change.kind) {
    case 'update':
      return [patched(image, change.set)];
    case 'members': {
      const { add, remove } = change;
      return [
        {
          ...image,
          members: [...(image.members ?? []), ...add].filter((project) => !remove.includes(project)),
        },
      ];
    }
    case 'hide':
      return [{ ...image, isHidden: true }];
    case 'deactivate':
      return [{ ...image, status: 'deactivated' }];
    case 'delete':
      if (image.isProtected) throw new Error('403: it is protected');
      return [];
    case 'publish':
    case 'unpublish':
      return [{ ...image, visibility: change.visibility }];
    case 'rename':
      return [{ ...image, name: change.to }];
    default:
      return [image];
  }
};

const withRegion = (inventory: Inventory, region: RegionName, images: readonly ImageFacts[]): Inventory => ({
  ...inventory,
  targets: new Map([...inventory.targets, [region, images]]),
});

const seenBy: Readonly<Record<string, (image: ImageFacts) => Value>> = {
  owner: ({ owner }) => owner,
  os_hash_algo: ({ hash }) => hash?.algorithm ?? null,
  os_hash_value: ({ hash }) => hash?.value ?? null,
  status: ({ status }) => status,
  os_hidden: ({ isHidden }) => isHidden,
  visibility: ({ visibility }) => visibility,
};

const isAsRelied = (images: readonly ImageFacts[], { image, is }: Reliance): boolean =>
  images.some(
    (one) => one.id === image && Object.entries(is).every(([name, value]) => seenBy[name]?.(one) === value),
  );

/** The inventory after one change of a policy's plan. */
export const applyChange = (policy: Policy, inventory: Inventory, change: Change): Inventory => {
  const images = inventory.targets.get(change.region) ?? [];
  if (change.kind === 'skip') return inventory;
  if (change.kind === 'copy') {
    const replica = copied(policy, inventory, change);
    return withRegion(inventory, change.region, [...images.filter(({ id }) => id !== replica.id), replica]);
  }
  if (!images.some(({ id }) => id === change.image)) throw new Error(`404: ${JSON.stringify(change)}`);
  if (change.relies && !isAsRelied(images, change.relies))
    throw new Error(`refused: ${JSON.stringify(change)}`);
  return withRegion(
    inventory,
    change.region,
    images.flatMap((image) => (image.id === change.image ? changed(image, change) : [image])),
  );
};
