import type { ImageId } from '../../../schemas/ids.ts';
import type { PolicyTarget } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import type { WantedReplica } from '../change.ts';
import { familyOf, wantedReplica } from '../wanted-replica.ts';
import { newerNamesake } from './conflict.ts';
import { type Found, findReplicas } from './find-replica.ts';
import { keptReplicas } from './kept.ts';
import { isComplete, madeMs, type RegionView, type Replica } from './region-view.ts';
import type { Sources } from './sources.ts';

/** A target region beside the sources: who is whose replica. */
export interface Region {
  readonly view: RegionView;
  readonly sources: Sources;
  /** By the source's id. */
  readonly found: ReadonlyMap<ImageId, Found>;
  /** By the replica's id. */
  readonly sourceOf: ReadonlyMap<ImageId, ImageFacts>;
  /** Replicas that retention keeps; undefined where it has no say. */
  readonly kept: ReadonlySet<string> | undefined;
  readonly wanted: (source: ImageFacts) => WantedReplica;
}

export const regionOf = (view: RegionView, sources: Sources, target: PolicyTarget): Region => {
  const found = findReplicas(view, sources);
  const wanted = new Map<ImageId, WantedReplica>();
  const { retention } = sources.policy;
  return {
    view,
    sources,
    found,
    sourceOf: new Map(
      sources.images.flatMap((source) => {
        const one = found.get(source.id);
        return one?.kind === 'replica' ? [[one.replica.id, source] as const] : [];
      }),
    ),
    kept: retention && keptReplicas(view, retention, sources.atMs),
    wanted: (source) => {
      const known = wanted.get(source.id) ?? wantedReplica(source, sources.policy, target);
      wanted.set(source.id, known);
      return known;
    },
  };
};

/** Whether people find it: nobody must miss one that he had. */
export const isVisible = ({ status, visibility, isHidden }: ImageFacts): boolean =>
  status === 'active' && visibility === 'public' && !isHidden;

/** The active replica of its family's newest source. */
export const headReplica = ({ sources, found }: Region, family: string): Replica | undefined => {
  const head = sources.heads.get(family);
  const one = head && found.get(head.id);
  return one?.kind === 'replica' && one.replica.status === 'active' ? one.replica : undefined;
};

/** Whether the plan is for one image, and leaves others as they are. */
export const isOfOneImage = ({ policy }: Sources): boolean => policy.select.imageId !== undefined;

/** Whether another one has its name by now: the replica of its family's newest source. */
export const isSuperseded = (region: Region, replica: Replica): boolean => {
  const { sources, sourceOf } = region;
  const { family } = replica.provenance;
  const [head, successor] = [sources.heads.get(family), headReplica(region, family)];
  if (sources.policy.identity !== 'name' || !head || !successor || successor.id === replica.id) return false;
  const source = sourceOf.get(replica.id) ?? sources.known.get(replica.provenance.sourceId);
  if (source && familyOf(source, sources.policy) !== family) return false;
  return !isOfOneImage(sources) || madeMs(replica) < head.createdAtMs;
};

/**
 * Whether a newer image of its family is there, of whose source a plan for one image may know nothing: what that one has
 * taken from it, its name and people's sight, it does not get back.
 */
export const isOutrun = ({ view, sources, sourceOf }: Region, replica: Replica): boolean => {
  const ownMs = sourceOf.get(replica.id)?.createdAtMs ?? madeMs(replica);
  const family = view.ofFamily.get(replica.provenance.family) ?? [];
  const isNewer = (one: Replica): boolean => isComplete(one) && madeMs(one) > ownMs;
  return isOfOneImage(sources) && sources.policy.identity === 'name' && family.some(isNewer);
};

/** Whether more people may see it than do: a newer one may have its name, or have had it made private. */
export const mayWiden = (region: Region, source: ImageFacts, replica: Replica): boolean => {
  const { ladder = [] } = region.sources.policy.retirement ?? {};
  const isTaken = ladder.includes('private') && isOutrun(region, replica);
  return !isTaken && !newerNamesake(region.view, source, region.sources);
};

/** Whether retention lets it go. Of one name the newest source decides alone, see isSuperseded. */
export const isBeyondRetention = ({ sources: { policy }, kept }: Region, replica: Replica): boolean =>
  policy.identity !== 'name' &&
  policy.retirement !== undefined &&
  kept !== undefined &&
  isComplete(replica) &&
  !kept.has(replica.id);

/** Whether its time is over, though it may have a source: then it is not kept as that is. */
export const isOver = (region: Region, replica: Replica): boolean =>
  isSuperseded(region, replica) || isBeyondRetention(region, replica);

/** Whether people find it once what this plan keeps up is done. */
export const willBeVisible = (region: Region, replica: Replica): boolean => {
  const source = region.sourceOf.get(replica.id);
  if (!source || isOver(region, replica)) return isVisible(replica);
  const { visibility, isHidden = replica.isHidden } = region.wanted(source);
  const isPublic =
    visibility === 'public' && (replica.visibility === 'public' || mayWiden(region, source, replica));
  const isHiddenThen = isOutrun(region, replica) ? replica.isHidden : isHidden;
  return replica.status === 'active' && isPublic && !isHiddenThen;
};

/** Whether its family has a newer source than its own: what it loses (its name, being seen), that one's replica has. */
export const isFading = ({ sources, sourceOf }: Region, replica: Replica): boolean => {
  const head = sources.heads.get(replica.provenance.family);
  return isVisible(replica) && head !== undefined && head !== sourceOf.get(replica.id);
};

/** Whether it must stay as people see it, since the one that is to take its place is not there yet. */
export const isHeld = (region: Region, replica: Replica): boolean => {
  const { family } = replica.provenance;
  const head = region.sources.heads.get(family);
  if (!head || !isFading(region, replica) || region.wanted(head).visibility !== 'public') return false;
  const successor = headReplica(region, family);
  if (!successor || !willBeVisible(region, successor)) return true;
  // One that this plan does not keep up has to be found under its name already.
  const isKeptUp = region.sourceOf.has(successor.id);
  return (
    !isKeptUp && !(successor.provenance.family === family && successor.name === region.wanted(head).name)
  );
};
