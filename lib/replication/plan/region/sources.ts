import type { ImageId } from '../../../schemas/ids.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import type { Inventory } from '../change.ts';
import { familyOf } from '../wanted-replica.ts';
import { isOffered, isSelected } from './select.ts';

/** The images that a policy is for, in its source region. */
export interface Sources {
  readonly policy: Policy;
  /** ms since 1970. */
  readonly atMs: number;
  /** Newest first. */
  readonly images: readonly ImageFacts[];
  readonly byId: ReadonlyMap<ImageId, ImageFacts>;
  /** With those of its family that the policy looks after as well, where it is asked for one image. */
  readonly known: ReadonlyMap<ImageId, ImageFacts>;
  readonly ofFamily: ReadonlyMap<string, readonly ImageFacts[]>;
  /** Of each family, the newest that is known of and may stand for it. */
  readonly heads: ReadonlyMap<string, ImageFacts>;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** One order for all, whatever order a list had; ids decide where times are the same. */
export const newestFirst = (a: ImageFacts, b: ImageFacts): number =>
  b.createdAtMs - a.createdAtMs || compare(a.id, b.id);

/** By id. An image that moved while the pages of a list were read is in it twice. */
export const byId = (images: readonly ImageFacts[]): Map<ImageId, ImageFacts> => {
  const found = new Map<ImageId, ImageFacts>();
  for (const image of images) {
    const other = found.get(image.id);
    if (!other || other.updatedAtMs < image.updatedAtMs) found.set(image.id, image);
  }
  return found;
};

/** A policy, for all its images; a request without one is for nothing but its own. */
const forAll = (policy: Policy): Policy => {
  const { imageId: _, ...select } = policy.select;
  return policy.name === '' ? policy : { ...policy, select };
};

export const sourcesOf = (policy: Policy, { source, atMs }: Inventory): Sources => {
  const known = [...byId(source).values()]
    .filter((image) => isSelected(image, forAll(policy)))
    .sort(newestFirst);
  const images = known.filter((image) => isSelected(image, policy));
  const byFamily = (some: readonly ImageFacts[]) => Map.groupBy(some, (image) => familyOf(image, policy));
  const heads = [...byFamily(known)].flatMap(([family, members]) => {
    const head = members.find((image) => isOffered(image, policy, atMs));
    return head ? [[family, head] as const] : [];
  });
  return {
    ...{ policy, atMs, images, byId: byId(images), known: byId(known) },
    ofFamily: byFamily(images),
    heads: new Map(heads),
  };
};
