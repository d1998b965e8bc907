import type { ImageId } from '../../../schemas/ids.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import type { Change, Value, WantedReplica } from '../change.ts';
import type { RegionView, Replica } from './region-view.ts';

type Values = Readonly<Record<string, Value>>;

/** Whether it would still carry our mark when it is the project's that is to have it: what is given away cannot be had back. */
export const mayBeGiven = ({ markOf }: RegionView, replica: Replica, wanted: WantedReplica): boolean =>
  wanted.owner !== undefined &&
  markOf({ ...replica, owner: wanted.owner, provenance: wanted.provenance }).kind === 'ours';

/** What has proven the mark of another project's image: whoever carries out a change relies on it. */
const proofOf = ({ hash }: ImageFacts, owner: string): Values => ({
  owner,
  ...(hash && { os_hash_algo: hash.algorithm, os_hash_value: hash.value }),
});

const givenBy = (change: Change): string | undefined =>
  change.kind === 'update' && typeof change.set['owner'] === 'string' ? change.set['owner'] : undefined;

/**
 * A region's plan with what its changes rely on where images are, or by an earlier change will be, another project's than
 * ours. Retirements come last of all, when every image that is to be given away is.
 */
export const withOwners = ({ own, byId }: RegionView, changes: readonly Change[]): readonly Change[] => {
  const owners = new Map<ImageId, string>();
  const proof = (id: ImageId): Values => {
    const image = byId.get(id);
    const owner = owners.get(id) ?? image?.owner;
    return image && owner !== undefined && owner !== own ? proofOf(image, owner) : {};
  };
  const seen = changes.map((change): Change => {
    if (change.kind === 'copy' || change.kind === 'skip') return change;
    const was = { ...proof(change.image), ...change.was };
    const given = givenBy(change);
    if (given !== undefined) owners.set(change.image, given);
    return Object.keys(was).length > 0 ? { ...change, was } : change;
  });
  return seen.map((change) => {
    const { relies } = change;
    return relies
      ? { ...change, relies: { ...relies, is: { ...proof(relies.image), ...relies.is } } }
      : change;
  });
};
