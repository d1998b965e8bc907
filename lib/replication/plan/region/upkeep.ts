import type { ImageFacts, Visibility } from '../../record/image-facts.ts';
import { provenanceNames } from '../../record/provenance.ts';
import { unfinishedName } from '../../record/remembered-source.ts';
import type { Change, Value, WantedReplica } from '../change.ts';
import { newerNamesake } from './conflict.ts';
import { driftOf } from './drift.ts';
import { mayBeGiven } from './owners.ts';
import { isFading, isHeld, isOutrun, mayWiden, type Region } from './region.ts';
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

/** What its successor has taken from it. */
const wasTaken = (name: string): boolean => name === 'name' || name === 'os_hidden';

const sightChange = (
  { visibility }: WantedReplica,
  replica: Replica,
  { mayWiden, mayNarrow }: { readonly mayWiden: boolean; readonly mayNarrow: boolean },
) => {
  const isMore = isWider(visibility, replica.visibility);
  if (visibility === replica.visibility || !(isMore ? mayWiden : mayNarrow)) return undefined;
  return {
    kind: isMore ? ('publish' as const) : ('unpublish' as const),
    visibility,
    reason: `it is ${replica.visibility}, and to be ${visibility}`,
    was: { visibility: replica.visibility },
  };
};

/** What it remembers of its source goes once it is as that is: its members are known only when it is shared. */
const finishedOf = ({ members: wanted }: WantedReplica, { properties, members }: Replica) => {
  const text = properties[unfinishedName];
  if (text === undefined || (wanted && !members)) return undefined;
  return {
    kind: 'update' as const,
    reason: 'it is as it is to be',
    set: { [unfinishedName]: null },
    was: { [unfinishedName]: text },
  };
};

const notGiven = ({ owner, provenance: { sourceId } }: WantedReplica, replica: Replica): string =>
  `it stays with project ${replica.owner}, and is not project ${owner}'s: it does not have the bytes of ${sourceId}, ` +
  'which alone would tell that it is ours';

const outrunBy = ({ id }: Replica): string => `replica ${id} of a newer image has its name`;

/**
 * What brings an active replica to what its source is: fewer see it before its attributes change, more after that; members
 * come last, which Glance knows of `shared` images only, and then what it remembers of its source is forgotten. As long as the one that takes its place is not there, nothing is taken away that people find it by.
 */
export const upkeepOf = (region: Region, source: ImageFacts, replica: Replica): readonly Change[] => {
  const wanted = region.wanted(source);
  const isKept = isHeld(region, replica);
  const isLate = isOutrun(region, replica);
  const newer = isWider(wanted.visibility, replica.visibility)
    ? newerNamesake(region.view, source, region.sources)
    : undefined;
  // In its family's order: after what makes its successor appear.
  const { family } = isFading(region, replica) ? replica.provenance : wanted.provenance;
  const of = {
    region: region.view.region,
    image: replica.id,
    name: wanted.name,
    family,
    bytes: 0,
  };
  const isGiven = wanted.owner === undefined || mayBeGiven(region.view, replica, wanted);
  const stays = (name: string, value: Value): boolean =>
    (isKept && takesAway(name, value)) || (isLate && wasTaken(name)) || (name === 'owner' && !isGiven);
  const drift = driftOf(wanted, replica, stays);
  const names = Object.keys(drift?.set ?? {}).join(', ');
  const differ = `${names} differ from ${source.id} of ${source.region}`;
  const update: readonly Change[] = drift ? [{ ...of, kind: 'update', reason: differ, ...drift }] : [];
  const sight = sightChange(wanted, replica, {
    mayWiden: mayWiden(region, source, replica),
    mayNarrow: !isKept,
  });
  const seen: readonly Change[] = sight ? [{ ...of, ...sight }] : [];
  const theirs = memberChange(wanted, replica);
  const members: readonly Change[] = theirs
    ? [{ ...of, kind: 'members', reason: 'its members differ', ...theirs }]
    : [];
  const told: readonly Change[] = [
    ...(isGiven ? [] : [{ ...of, kind: 'skip' as const, isError: true, reason: notGiven(wanted, replica) }]),
    ...(newer ? [{ ...of, kind: 'skip' as const, isError: false, reason: outrunBy(newer) }] : []),
  ];
  const finished = isGiven && !newer ? finishedOf(wanted, replica) : undefined;
  const last: readonly Change[] = finished ? [{ ...of, ...finished }] : [];
  return sight?.kind === 'unpublish'
    ? [...seen, ...update, ...members, ...told, ...last]
    : [...update, ...seen, ...members, ...told, ...last];
};
