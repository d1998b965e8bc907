import type { ImageFacts } from '../../record/image-facts.ts';
import type { Change } from '../change.ts';
import { type Objection, objectionTo } from '../region/conflict.ts';
import { notWorthCopying } from '../region/kept.ts';
import { withOwners } from '../region/owners.ts';
import { isFading, isOver, type Region } from '../region/region.ts';
import { isInFlight, type Replica } from '../region/region-view.ts';
import { isOffered, isTooOld, isVolumeBacked } from '../region/select.ts';
import { upkeepOf } from '../region/upkeep.ts';
import { namesakesIn } from '../retire/namesakes.ts';
import { retire } from '../retire/retire.ts';
import { familyOf } from '../wanted-replica.ts';

const ofSource = ({ view, sources }: Region, { id, name }: ImageFacts, family: string) => ({
  region: view.region,
  image: id,
  name: sources.policy.set.name ?? name,
  family,
  bytes: 0,
});

const skip = (region: Region, source: ImageFacts, objection: Objection): Change => ({
  ...ofSource(region, source, familyOf(source, region.sources.policy)),
  kind: 'skip',
  ...objection,
});

const isSilent = ({ sources: { policy, atMs } }: Region, source: ImageFacts): boolean =>
  !isOffered(source, policy, atMs) || isTooOld(source, policy, atMs);

/** Said only to who has asked for it: of a project's snapshots retention leaves out most. */
const isLeftOut = (
  { sources: { policy } }: Region,
  { id }: ImageFacts,
  unkept: ReadonlySet<string>,
): boolean => unkept.has(id) && policy.select.imageId === undefined;

const told = (reason: string): Objection => ({ reason, isError: false });

/** Why a source without a replica is not copied. */
const objection = (
  region: Region,
  source: ImageFacts,
  record: Replica | undefined,
  unkept: ReadonlySet<string>,
): Objection | undefined => {
  const { sources, view } = region;
  const head = sources.heads.get(familyOf(source, sources.policy));
  if (sources.policy.identity === 'name' && head !== source) {
    return told(`image ${head?.id ?? ''} of the same name is newer`);
  }
  if (unkept.has(source.id)) return told('retention would not keep it');
  return record && sources.policy.identity === 'id' ? undefined : objectionTo(view, source, sources);
};

const copy = (region: Region, source: ImageFacts, record: Replica | undefined): Change => ({
  ...ofSource(region, source, familyOf(source, region.sources.policy)),
  kind: 'copy',
  from: source.region,
  bytes: source.size ?? 0,
  reason: record ? `record ${record.id} waits for its data` : 'the region has no replica of it',
  ...(record && { record: record.id }),
});

const missing = (
  region: Region,
  source: ImageFacts,
  record: Replica | undefined,
  unkept: ReadonlySet<string>,
): readonly Change[] => {
  if (isVolumeBacked(source)) {
    return [skip(region, source, told('it is a snapshot of a volume-backed instance, without bytes'))];
  }
  if (isSilent(region, source) || isLeftOut(region, source, unkept)) return [];
  const reason = objection(region, source, record, unkept);
  return [reason ? skip(region, source, reason) : copy(region, source, record)];
};

const ofOneSource = (region: Region, source: ImageFacts, unkept: ReadonlySet<string>): readonly Change[] => {
  const found = region.found.get(source.id);
  if (found?.kind === 'foreign') return [skip(region, source, told(found.reason))];
  const replica = found?.kind === 'replica' ? found.replica : undefined;
  if (!replica || replica.status === 'queued') return missing(region, source, replica, unkept);
  if (isInFlight(replica) || isOver(region, replica)) return [];
  if (replica.status === 'active') return upkeepOf(region, source, replica);
  return [skip(region, source, told(`replica ${replica.id} is deactivated there, and left so`))];
};

const isFadingAway = (region: Region, source: ImageFacts): boolean => {
  const found = region.found.get(source.id);
  return found?.kind === 'replica' && isFading(region, found.replica);
};

/**
 * What is to be done in one region. The order matters: first what makes images appear, then what takes names and sight from
 * those that others replace, and retirement last, so that people find an image of each family at every moment.
 */
export const planRegion = (region: Region): readonly Change[] => {
  const { images, policy } = region.sources;
  const unkept = policy.retention
    ? notWorthCopying(region.view, region.sources, region.found, policy.retention)
    : new Set<string>();
  const fading = images.filter((source) => isFadingAway(region, source));
  const isLate = new Set(fading);
  const changes = [...images.filter((source) => !isLate.has(source)), ...fading].flatMap((source) =>
    ofOneSource(region, source, unkept),
  );
  return withOwners(region.view, [...changes, ...namesakesIn(region), ...retire(region)]);
};
