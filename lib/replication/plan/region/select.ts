import { isListed } from '../../policy/patterns.ts';
import type { Policy, Selection } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import { isSnapshot } from '../wanted-replica.ts';

/** A snapshot of a volume-backed instance: a pointer to the source's Cinder, without bytes. */
export const isVolumeBacked = ({ size = 0, properties }: ImageFacts): boolean =>
  size === 0 && properties['block_device_mapping'] !== undefined;

const isOneOf = <T>(list: readonly T[] | undefined, one: T): boolean => !list || list.includes(one);

const hasAll = (image: ImageFacts, { tags = [], properties = {} }: Selection): boolean =>
  tags.every((tag) => image.tags.includes(tag)) &&
  Object.entries(properties).every(([name, value]) => image.properties[name] === value);

/** Whoever asks for one image by its id means it, whatever it is. A policy that an event has named means what it says. */
const isMeant = ({ name, select }: Policy): boolean => name === '' && select.imageId !== undefined;

/**
 * Whether a policy is for an image of its source region. Neither age nor state count: a replica stays its source's, however
 * old that gets. Replicas are no sources, or policies of two regions would copy each other's in circles; who asks for one by
 * its id may have it.
 */
export const isSelected = (image: ImageFacts, policy: Policy): boolean => {
  const { select } = policy;
  return (
    (select.imageId === undefined || select.imageId === image.id) &&
    (!image.provenance || isMeant(policy)) &&
    isOneOf(select.visibility, image.visibility) &&
    isOneOf(select.owners, image.owner) &&
    (!select.names || isListed(select.names, image.name)) &&
    hasAll(image, select) &&
    (select.hasMembers === undefined || select.hasMembers === (image.members ?? []).length > 0) &&
    (select.snapshots === undefined || select.snapshots === isSnapshot(image))
  );
};

/** Whether it may stand for its family: it can be read, is not hidden, and is as old as the policy wants it. */
export const isOffered = (image: ImageFacts, policy: Policy, atMs: number): boolean =>
  image.status === 'active' &&
  !isVolumeBacked(image) &&
  (!image.isHidden || isMeant(policy)) &&
  atMs - image.createdAtMs >= (policy.select.minAgeMs ?? 0);

/** Whether it is too old to be copied anew. */
export const isTooOld = ({ createdAtMs }: ImageFacts, { select }: Policy, atMs: number): boolean =>
  select.maxAgeMs !== undefined && atMs - createdAtMs > select.maxAgeMs;
