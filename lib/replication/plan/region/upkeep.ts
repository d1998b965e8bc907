import type { ImageFacts, Visibility } from '../../record/image-facts.ts';
import { provenanceNames } from '../../record/provenance.ts';
import type { Change, Value, WantedReplica } from '../change.ts';
import { driftOf } from './drift.ts';
import { isHeld, type Region } from './region.ts';
import type { Replica } from './region-view.ts';

/** From whom fewest see to whom most do. */
const audience: readonly Visibility[] = ['private', 'shared', 'community', 'public'];

const isWider = (wanted: Visibility, is: Visibility): boolean =>
  audience.indexOf(wanted) > audience.indexOf(is);

/** What people find it by. */
const takesAway = (name: string, value: Value): boolean =>
  name === 'name' || name === provenanceNames.family || (name === 'os_hidden' && value === true);

const memberChange = ({ members: wanted }: WantedReplica, { members: are }: Replica) => {
  if (!wanted || !are) return undefined;
  const add = wanted.filter((project) => !are.includes(project)).sort();
  const remove = are.filter((project) => !wanted.includes(project)).sort();
  return add.length + remove.length > 0 ? { add, remove } : undefined;
};

/**
 * What brings an active replica to what its source is: attributes first, then who sees it, then members, which Glance knows
 * of `shared` images only. As long as the one that takes its place is not there, nothing is taken away that people find it by.
 */
export const upkeepOf = (region: Region, source: ImageFacts, replica: Replica): readonly Change[] => {
  const wanted = region.wanted(source);
  const isKept = isHeld(region, replica);
  const of = {
    region: region.view.region,
    image: replica.id,
    name: wanted.name,
    family: wanted.provenance.family,
    bytes: 0,
  };
  const changes: Change[] = [];
  const drift = driftOf(wanted, replica, (name, value) => isKept && takesAway(name, value));
  if (drift) {
    const reason = `${Object.keys(drift.set).join(', ')} differ from ${source.id} of ${source.region}`;
    changes.push({ ...of, kind: 'update', reason, ...drift });
  }
  const { visibility } = wanted;
  if (visibility !== replica.visibility && (!isKept || isWider(visibility, replica.visibility))) {
    const kind = isWider(visibility, replica.visibility) ? 'publish' : 'unpublish';
    const reason = `it is ${replica.visibility}, and to be ${visibility}`;
    changes.push({ ...of, kind, visibility, reason, was: { visibility: replica.visibility } });
  }
  const members = memberChange(wanted, replica);
  if (members) changes.push({ ...of, kind: 'members', ...members, reason: 'its members differ' });
  return changes;
};
