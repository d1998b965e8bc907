import type { Inventory } from '../../../../lib/replication/plan/change.ts';
import { sourcesOf } from '../../../../lib/replication/plan/region/sources.ts';
import { wantedReplica } from '../../../../lib/replication/plan/wanted-replica.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import type { RegionName } from '../../../../lib/schemas/ids.ts';
import { north } from '../images.ts';

// What is ours in a region, and what people find there.

/** Whether nobody else can have written its mark and gain by it: who else has images there can have the source's bytes alone. */
export const isProven = (
  { targets }: Policy,
  { source }: Inventory,
  { owner, provenance, hash, region }: ImageFacts,
): boolean => {
  const isReserved = targets.some((target) => target.region === region && target.areMarksReserved);
  const own = source.find(({ id }) => id === provenance?.sourceId);
  const hasItsBytes = hash !== undefined && own?.hash?.value === hash.value;
  const isTheirs = region === north && own?.owner === 'tenant' && own.region === provenance?.sourceRegion;
  return owner === 'ferry' || (owner === 'theirs' && (isReserved || (isTheirs && hasItsBytes)));
};

export const isOurs = (policy: Policy, inventory: Inventory, image: ImageFacts): boolean =>
  isProven(policy, inventory, image) &&
  image.provenance?.sourceRegion === policy.source.region &&
  ['', policy.name].includes(image.provenance.policy);

export const isFound = ({ status, visibility, isHidden }: ImageFacts): boolean =>
  status === 'active' && visibility === 'public' && !isHidden;

/** Families, by region, of which people find an image, and whose newest source is to be found. */
export const foundFamilies = (policy: Policy, inventory: Inventory): ReadonlySet<string> => {
  const { heads } = sourcesOf(policy, inventory);
  const found = policy.targets.flatMap((target) =>
    (inventory.targets.get(target.region) ?? [])
      .filter((image) => isOurs(policy, inventory, image) && isFound(image))
      .map(({ provenance }) => provenance?.family ?? '')
      .filter((family) => {
        const head = heads.get(family);
        return head && wantedReplica(head, policy, target).visibility === 'public';
      })
      .map((family) => `${target.region} ${family}`),
  );
  return new Set(found);
};

/** Replicas that nobody has renamed by hand. */
export const namedByFamily = ([region, images]: readonly [RegionName, readonly ImageFacts[]]) =>
  [region, images.map((one) => ({ ...one, name: one.provenance?.family ?? one.name }))] as const;

/** Names, by region, under which people find an image of ours, and which the newest source of a family has. */
export const foundNames = (policy: Policy, inventory: Inventory): ReadonlySet<string> => {
  const { heads } = sourcesOf(policy, inventory);
  const found = policy.targets.flatMap((target) => {
    const wanted = [...heads.values()].map((head) => wantedReplica(head, policy, target));
    const names = new Set(wanted.filter(({ visibility }) => visibility === 'public').map(({ name }) => name));
    return (inventory.targets.get(target.region) ?? [])
      .filter((image) => isOurs(policy, inventory, image) && isFound(image) && names.has(image.name))
      .map(({ name }) => `${target.region} ${name}`);
  });
  return new Set(found);
};
