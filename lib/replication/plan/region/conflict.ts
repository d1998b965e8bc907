import type { Policy } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import { familyOf } from '../wanted-replica.ts';
import { hasSameBytes } from './find-replica.ts';
import { isComplete, madeMs, type RegionView, type Replica } from './region-view.ts';
import type { Sources } from './sources.ts';

/** Why a source is not copied into a region. */
export interface Objection {
  readonly reason: string;
  readonly isError: boolean;
}

const unmarked = (image: ImageFacts, { onConflict, name }: Policy, what: string): Objection => {
  const whose = image.provenance ? "is not this policy's" : 'carries no mark of ours';
  const kept = { reason: `${what} is image ${image.id} there, which is kept`, isError: false };
  if (onConflict === 'keep') return kept;
  const advice = onConflict === 'error' ? '' : `, so that ${name || 'a request'} never touches it`;
  return { reason: `${what} is image ${image.id} there, which ${whose}${advice}`, isError: true };
};

/** An older one of the family that people still find by its name, and that no source of another name explains. */
const predecessor = (
  view: RegionView,
  source: ImageFacts,
  { policy, known }: Sources,
): Replica | undefined => {
  const family = familyOf(source, policy);
  const belongs = ({ provenance }: Replica): boolean => {
    const own = known.get(provenance.sourceId);
    return !own || familyOf(own, policy) === family;
  };
  const name = policy.set.name ?? source.name;
  return view.ofFamily
    .get(family)
    ?.find((one) => one.name === name && isComplete(one) && !one.isHidden && belongs(one));
};

const overPredecessor = (older: Replica, { onConflict }: Policy): Objection | undefined => {
  const what = `replica ${older.id} has its name and other bytes`;
  if (onConflict === 'error') {
    return { reason: `${what}: the policy's onConflict does not say what to do`, isError: true };
  }
  return onConflict === 'keep' ? { reason: `${what}, and is kept`, isError: false } : undefined;
};

/** A request for one image, which knows of no other source, may come after that of a newer one. */
const isLate = (other: Replica, source: ImageFacts, { policy }: Sources): boolean =>
  policy.name === '' && other.provenance.sourceId !== source.id && madeMs(other) > source.createdAtMs;

/** Of a replica that a request has had made: the one of a newer image that has its name by now. */
export const newerNamesake = (
  { ofFamily }: RegionView,
  source: ImageFacts,
  sources: Sources,
): Replica | undefined => {
  const { policy } = sources;
  const name = policy.set.name ?? source.name;
  return policy.identity === 'name'
    ? ofFamily
        .get(familyOf(source, policy))
        ?.find((one) => one.name === name && isComplete(one) && !one.isHidden && isLate(one, source, sources))
    : undefined;
};

const overName = (view: RegionView, source: ImageFacts, sources: Sources): Objection | undefined => {
  const { policy } = sources;
  const name = policy.set.name ?? source.name;
  // Images without a name have none in common.
  const strangers = name === '' ? [] : (view.strangers.get(name) ?? []);
  const same = strangers.find((one) => hasSameBytes(one, source));
  if (same) {
    const reason = `image ${same.id} there has its name and bytes without our mark, and is left as it is`;
    return { reason, isError: false };
  }
  const [stranger] = strangers;
  if (stranger) return unmarked(stranger, policy, 'of the same name');
  const older = predecessor(view, source, sources);
  if (!older) return undefined;
  if (isLate(older, source, sources)) {
    return { reason: `replica ${older.id} of a newer image has its name`, isError: false };
  }
  return overPredecessor(older, policy);
};

/** What in a region speaks against making the replica of a source that has none there. */
export const objectionTo = (
  view: RegionView,
  source: ImageFacts,
  sources: Sources,
): Objection | undefined => {
  if (sources.policy.identity === 'name') return overName(view, source, sources);
  const same = view.byId.get(source.id);
  return sources.policy.identity === 'id' && same
    ? unmarked(same, sources.policy, 'of the same id')
    : undefined;
};
