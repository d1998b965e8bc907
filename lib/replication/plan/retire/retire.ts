import { retirementDefaults } from '../../policy/defaults.ts';
import type { Change } from '../change.ts';
import {
  headReplica,
  isBeyondRetention,
  isSuperseded,
  isVisible,
  type Region,
  willBeVisible,
} from '../region/region.ts';
import { madeMs, type Replica } from '../region/region-view.ts';
import { nextRung, retirementOf, stepDown } from './ladder.ts';

/** Why a replica's time is over. */
interface Verdict {
  readonly replica: Replica;
  readonly reason: string;
  /** Nothing of its family is left in the source region, so nothing takes its place. */
  readonly isLast?: boolean;
  /** Retention keeps it: it makes room for its successor, and stays. */
  readonly isKept?: boolean;
}

const ofSuperseded = (region: Region, replica: Replica): Verdict | undefined => {
  const { onConflict } = region.sources.policy;
  if (onConflict !== 'replace' && onConflict !== 'rename') return undefined;
  const successor = headReplica(region, replica.provenance.family);
  const reason = `replica ${successor?.id ?? ''} has taken its place`;
  return { replica, reason, isKept: region.kept?.has(replica.id) === true };
};

/** Not any source's replica: its own has another one, or is gone. */
const ofLeftOver = (region: Region, replica: Replica): Verdict | undefined => {
  const { sources, found } = region;
  const { policy } = sources;
  const { sourceId, family } = replica.provenance;
  const own = found.get(sourceId);
  if (sources.byId.has(sourceId)) {
    if (own?.kind !== 'replica' || own.replica.status !== 'active') return undefined;
    return { replica, reason: `replica ${own.replica.id} is its source's` };
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

const ofRetention = (region: Region, replica: Replica): Verdict | undefined =>
  isBeyondRetention(region, replica) ? { replica, reason: 'retention keeps newer ones' } : undefined;

const verdictOn = (region: Region, replica: Replica): Verdict | undefined => {
  if (isSuperseded(region, replica)) return ofSuperseded(region, replica);
  if (region.sourceOf.has(replica.id)) return ofRetention(region, replica);
  return ofLeftOver(region, replica);
};

/** `{date}` is the day on which the source was made, in UTC. */
const oldNameOf = (replica: Replica, template: string): string =>
  template
    .replaceAll('{name}', () => replica.name)
    .replaceAll('{date}', () => new Date(madeMs(replica)).toISOString().slice(0, 10).replaceAll('-', ''))
    .replaceAll('{id}', () => replica.id);

const renaming = (region: Region, { replica, reason }: Verdict): readonly Change[] => {
  const { policy, heads } = region.sources;
  const head = heads.get(replica.provenance.family);
  if (policy.onConflict !== 'rename' || policy.identity !== 'name' || !head) return [];
  if (replica.name !== region.wanted(head).name) return [];
  const to = oldNameOf(replica, (policy.retirement ?? retirementDefaults).oldName);
  const of = retirementOf(replica, reason);
  return to === replica.name ? [] : [{ ...of, kind: 'rename', to, was: { ...of.was, name: replica.name } }];
};

const goingDown = (region: Region, { replica, reason, isKept = false }: Verdict): readonly Change[] => {
  const { retirement } = region.sources.policy;
  if (!retirement) return [];
  const ladder = isKept ? retirement.ladder.filter((rung) => rung === 'hide') : retirement.ladder;
  const rung = nextRung(replica, { ...retirement, ladder });
  return rung ? stepDown(replica, rung, reason) : [];
};

/** Families of which people find an image that stays. */
const foundFamilies = (region: Region, going: ReadonlySet<string>): ReadonlySet<string> =>
  new Set(
    region.view.replicas
      .filter((one) => !going.has(one.id) && willBeVisible(region, one))
      .map(({ provenance }) => provenance.family),
  );

/** Nobody must lose the last image that he finds of a family, unless its sources are gone with it. */
const mayGo = ({ replica, isLast = false }: Verdict, found: ReadonlySet<string>): boolean =>
  !isVisible(replica) || isLast || found.has(replica.provenance.family);

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
    const { was: _, isRetirement: __, ...of } = retirementOf(replica, '');
    const reason = `${policy.source.region} lists no image of the policy, so none of its ${gone.length} replicas is taken for left over`;
    return { ...of, kind: 'skip', reason, isError: true };
  });

/** Replicas whose time is over, the oldest first, each one rung further down. */
export const retire = (region: Region): readonly Change[] => {
  const all = verdictsIn(region);
  const isEmpty = region.sources.images.length === 0;
  const gone = all.filter(({ isLast = false }) => isLast && isEmpty);
  const verdicts = all.filter((verdict) => !gone.includes(verdict));
  const going = new Set<string>(verdicts.map(({ replica }) => replica.id));
  const found = foundFamilies(region, going);
  const steps = verdicts.flatMap((verdict): readonly Change[] => {
    const changes = [...renaming(region, verdict), ...goingDown(region, verdict)];
    if (changes.length === 0 || mayGo(verdict, found)) return changes;
    const { was: _, ...of } = retirementOf(verdict.replica, '');
    const reason = `it stays: people find no other one of its family (${verdict.reason})`;
    return [{ ...of, kind: 'skip', reason, isError: false }];
  });
  return [...allGone(region, gone), ...steps];
};
