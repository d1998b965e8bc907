import type { Change, Inventory } from '../../lib/replication/plan/change.ts';
import { sourcesOf } from '../../lib/replication/plan/region/sources.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';

/** An image of a policy, and how it is in each region. */
export interface ImageStates {
  readonly id: string;
  readonly name: string;
  /** By region: `in sync`, `missing`, `queued`, `differs`, or why nothing is done; `unknown` where nobody could look. */
  readonly states: Readonly<Record<string, string>>;
}

/** The source that a replica comes from, or the one of its id. */
const sourceIdsOf = (replicas: readonly ImageFacts[]): ReadonlyMap<string, string> =>
  new Map(replicas.map(({ id, provenance }) => [id, provenance?.sourceId ?? id]));

const stateBy = (change: Change): string => {
  if (change.kind === 'skip') return change.reason;
  if (change.kind === 'copy') return change.record === undefined ? 'missing' : 'queued';
  return 'differs';
};

/** What is worse hides what is better. */
const rank = ['differs', 'queued', 'missing'];
const worse = (one: string, other: string | undefined): string =>
  other !== undefined && rank.indexOf(other) > rank.indexOf(one) ? other : one;

/** Where a policy's images are, by what its plan has to do. */
export const statesOf = (
  policy: Policy,
  inventory: Inventory,
  changes: readonly Change[],
): readonly ImageStates[] => {
  const { targets, failed } = inventory;
  const found = new Map<string, string>();
  for (const change of changes.filter(({ isRetirement }) => !isRetirement)) {
    const origin = sourceIdsOf(targets.get(change.region) ?? []).get(change.image) ?? change.image;
    const key = `${change.region} ${origin}`;
    found.set(key, worse(stateBy(change), found.get(key)));
  }
  const isHere = ({ id }: ImageFacts): boolean =>
    [...found.keys()].some((key) => key.endsWith(` ${id}`)) ||
    [...targets.values()].some((images) => images.some(({ provenance }) => provenance?.sourceId === id));
  const stateAt = (region: ImageFacts['region'], id: string): string =>
    failed.has(region) ? 'unknown' : (found.get(`${region} ${id}`) ?? 'in sync');
  return sourcesOf(policy, inventory)
    .images.filter(isHere)
    .map(({ id, name }) => ({
      id,
      name,
      states: Object.fromEntries(policy.targets.map(({ region }) => [region, stateAt(region, id)])),
    }));
};
