import { retirementDefaults } from '../../policy/defaults.ts';
import type { Change, Reliance, Value } from '../change.ts';
import {
  headReplica,
  isBeyondRetention,
  isSuperseded,
  isVisible,
  type Region,
  willBeVisible,
} from '../region/region.ts';
import type { Replica, Unproven } from '../region/region-view.ts';
import { type Cause, nextRung, retirementOf, stepDown } from './ladder.ts';
import { oldNameOf } from './old-name.ts';

/** Why a replica's time is over. */
interface Verdict {
  readonly replica: Replica;
  readonly reason: string;
  /** What takes its place. */
  readonly successor?: Replica;
  /** Nothing of its family is left in the source region, so nothing takes its place. */
  readonly isLast?: boolean;
  /** Retention keeps it: it makes room for its successor, and stays. */
  readonly isKept?: boolean;
}

const ofSuperseded = (region: Region, replica: Replica): Verdict | undefined => {
  const { onConflict } = region.sources.policy;
  if (onConflict !== 'replace' && onConflict !== 'rename') return undefined;
  const successor = headReplica(region, replica.provenance.family);
  if (!successor) return undefined;
  const reason = `replica ${successor.id} has taken its place`;
  return { replica, reason, successor, isKept: region.kept?.has(replica.id) === true };
};

/** Not any source's replica: its own has another one, or is gone. */
const ofLeftOver = (region: Region, replica: Replica): Verdict | undefined => {
  const { sources, found } = region;
  const { policy } = sources;
  const { sourceId, family } = replica.provenance;
  const own = found.get(sourceId);
  if (sources.byId.has(sourceId)) {
    if (own?.kind !== 'replica' || own.replica.status !== 'active') return undefined;
    return { replica, reason: `replica ${own.replica.id} is its source's`, successor: own.replica };
  }
  if (policy.retention && policy.identity !== 'name') return ofRetention(region, replica);
  if (!policy.retirement?.isForRemoved || policy.select.imageId !== undefined) return undefined;
  if (policy.identity === 'name' && sources.heads.has(family)) return undefined;
  return {
    replica,
    reason: `its source ${sourceId} is gone, or no longer selected`,
    isLast: !sources.ofFamily.has(family),
  };
};

const ofRetention = (region: Region, replica: Replica): Verdict | undefined => {
  if (!isBeyondRetention(region, replica)) return undefined;
  const { kept, view } = region;
  const staying = view.ofFamily.get(replica.provenance.family)?.filter(({ id }) => kept?.has(id)) ?? [];
  const successor = staying.find(({ status }) => status === 'active') ?? staying[0];
  return { replica, reason: 'retention keeps newer ones', ...(successor && { successor }) };
};

const verdictOn = (region: Region, replica: Replica): Verdict | undefined => {
  if (isSuperseded(region, replica)) return ofSuperseded(region, replica);
  if (region.sourceOf.has(replica.id)) return ofRetention(region, replica);
  return ofLeftOver(region, replica);
};

const renaming = (region: Region, { replica }: Verdict, cause: Cause): readonly Change[] => {
  const { policy, heads } = region.sources;
  const head = heads.get(replica.provenance.family);
  if (policy.onConflict !== 'rename' || policy.identity !== 'name' || !head) return [];
  if (replica.name !== region.wanted(head).name) return [];
  const to = oldNameOf(replica, (policy.retirement ?? retirementDefaults).oldName);
  const of = retirementOf(replica, cause);
  return to === replica.name ? [] : [{ ...of, kind: 'rename', to, was: { ...of.was, name: replica.name } }];
};

const goingDown = (region: Region, { replica, isKept = false }: Verdict, cause: Cause): readonly Change[] => {
  const { retirement } = region.sources.policy;
  if (!retirement) return [];
  const ladder = isKept ? retirement.ladder.filter((rung) => rung === 'hide') : retirement.ladder;
  const rung = nextRung(replica, { ...retirement, ladder });
  return rung ? stepDown(replica, rung, cause) : [];
};

/** What a change sets, where that is a PATCH. */
const setBy = (change: Change): Readonly<Record<string, Value>> | undefined => {
  if (change.kind === 'hide') return { os_hidden: true };
  return change.kind === 'unpublish' ? { visibility: change.visibility } : undefined;
};

/** A new name and the rung beside it are one PATCH: a death between two would leave half of it done. */
const inOnePatch = (renamed: readonly Change[], down: readonly Change[]): readonly Change[] => {
  const [rename, step] = [renamed[0], down[0]];
  const set = step && setBy(step);
  if (rename?.kind !== 'rename' || !set) return [...renamed, ...down];
  const { kind: _, to, ...of } = rename;
  return [{ ...of, kind: 'update', set: { name: to, ...set } }];
};

/** By family, newest first, the images that people find and that stay. */
type Found = ReadonlyMap<string, readonly Replica[]>;

const foundIn = (region: Region, going: ReadonlyMap<string, Verdict>): Found =>
  new Map(
    [...region.view.ofFamily].flatMap(([family, members]) => {
      const found = members.filter((one) => !going.has(one.id) && willBeVisible(region, one));
      return found.length > 0 ? [[family, found] as const] : [];
    }),
  );

/** Nobody must lose the last image that he finds of a family, unless its sources are gone with it. */
const mayGo = ({ replica, isLast = false }: Verdict, found: Found): boolean =>
  !isVisible(replica) || isLast || found.has(replica.provenance.family);

/** What stays of those that take each other's place: a successor may go in the same run, and has one itself. */
const stayingSuccessor = (
  { successor }: Verdict,
  going: ReadonlyMap<string, Verdict>,
  passed: ReadonlySet<string> = new Set(),
): Replica | undefined => {
  const next = successor && going.get(successor.id);
  if (!next || passed.has(successor.id)) return next ? undefined : successor;
  return stayingSuccessor(next, going, new Set([...passed, successor.id]));
};

/** What has to be so still when its turn comes: that people find another one, or that its successor has its data. */
const relianceOf = (
  verdict: Verdict,
  found: Found,
  going: ReadonlyMap<string, Verdict>,
): Reliance | undefined => {
  const { replica, isLast } = verdict;
  if (isLast) return undefined;
  const successor = stayingSuccessor(verdict, going);
  const others = isVisible(replica) ? (found.get(replica.provenance.family) ?? []) : [];
  const seen = others.find(({ id }) => id === successor?.id) ?? others[0];
  if (seen) return { image: seen.id, is: { status: 'active', os_hidden: false, visibility: 'public' } };
  return successor && { image: successor.id, is: { status: successor.status } };
};

/** Replicas whose time is over, the oldest first. */
const verdictsIn = (region: Region): readonly Verdict[] => {
  const { select } = region.sources.policy;
  const isConcerned = ({ provenance }: Replica): boolean =>
    select.imageId === undefined || region.sources.ofFamily.has(provenance.family);
  return region.view.replicas
    .filter(isConcerned)
    .flatMap((replica) => verdictOn(region, replica) ?? [])
    .reverse();
};

/** A list without an image may be a lost right, or a filter that fits nothing: that all are gone is for people to say. */
const allGone = ({ sources: { policy } }: Region, gone: readonly Verdict[]): readonly Change[] =>
  gone.slice(0, 1).map(({ replica }) => {
    const { was: _, isRetirement: __, ...of } = retirementOf(replica, { reason: '' });
    const reason = `${policy.source.region} lists no image of the policy, so none of its ${gone.length} replicas is taken for left over`;
    return { ...of, kind: 'skip', reason, isError: true };
  });

/** What nobody can prove to be ours stays, whatever the policy would have of it, and people are told. */
const unprovenIn = ({ view, sources }: Region): readonly Change[] => {
  const isConcerned = ({ image: { provenance } }: Unproven): boolean =>
    sources.policy.select.imageId === undefined || sources.byId.has(provenance.sourceId);
  return view.unproven.filter(isConcerned).map(({ image, reason }) => {
    const { was: _, ...of } = retirementOf(image, { reason });
    return { ...of, kind: 'skip', isError: false };
  });
};

/** Replicas whose time is over, the oldest first, each one rung further down. */
export const retire = (region: Region): readonly Change[] => {
  const all = verdictsIn(region);
  const isEmpty = region.sources.images.length === 0;
  const gone = all.filter(({ isLast = false }) => isLast && isEmpty);
  const verdicts = all.filter((verdict) => !gone.includes(verdict));
  const going = new Map<string, Verdict>(verdicts.map((verdict) => [verdict.replica.id, verdict]));
  const found = foundIn(region, going);
  const steps = verdicts.flatMap((verdict): readonly Change[] => {
    const relies = relianceOf(verdict, found, going);
    const cause: Cause = { reason: verdict.reason, ...(relies && { relies }) };
    const changes = inOnePatch(renaming(region, verdict, cause), goingDown(region, verdict, cause));
    if (changes.length === 0 || mayGo(verdict, found)) return changes;
    const { was: _, ...of } = retirementOf(verdict.replica, { reason: '' });
    const reason = `it stays: people find no other one of its family (${verdict.reason})`;
    return [{ ...of, kind: 'skip', reason, isError: false }];
  });
  return [...allGone(region, gone), ...steps, ...unprovenIn(region)];
};
