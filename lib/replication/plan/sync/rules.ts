import { createHash } from 'node:crypto';
import type { Policy } from '../../policy/policy.ts';
import type { Change, Inventory } from '../change.ts';
import { type Rule, skipped } from './rule.ts';
import { turnsOf } from './turns.ts';

const imageOf = ({ region, image }: Change): string => `${region} ${image}`;

/** Says once for each image that its retirement waits. */
const holdBack = (
  changes: readonly Change[],
  isHeld: (change: Change) => boolean,
  reason: string,
): readonly Change[] => {
  const told = new Set<string>();
  return changes.flatMap((change) => {
    if (!change.isRetirement || change.kind === 'skip' || !isHeld(change)) return [change];
    if (told.has(imageOf(change))) return [];
    told.add(imageOf(change));
    return [skipped(change, reason)];
  });
};

/** Who cannot see everything must not clear up. */
const onlyWhenAllIsWell =
  ({ failed }: Inventory): Rule =>
  (changes) => {
    const [region] = failed.keys();
    if (region !== undefined) return holdBack(changes, () => true, `it waits: ${region} could not be read`);
    const error = changes.find((change) => change.kind === 'skip' && change.isError);
    return error
      ? holdBack(changes, () => true, `it waits: ${error.name} in ${error.region} needs a decision first`)
      : changes;
  };

const hourMs = 3_600_000;

/** Another place in each hour, whatever the schedule is, and the same for a dry run and the run after it. */
const placeOf = (atMs: number, count: number): number =>
  createHash('sha256')
    .update(`${Math.floor(atMs / hourMs)}`)
    .digest()
    .readUInt32BE() % count;

/**
 * Those that may go in this run. Which of them are in use nobody knows before, so it does not begin with the same ones each time:
 * they would hold up all others for ever.
 */
const inTurn = (images: readonly string[], most: number, atMs: number): ReadonlySet<string> => {
  if (images.length <= most) return new Set(images);
  const first = placeOf(atMs, images.length);
  return new Set([...images, ...images].slice(first, first + most));
};

const capRemovals =
  (most = Number.POSITIVE_INFINITY, atMs: number): Rule =>
  (changes) => {
    const removals = changes.filter(({ kind, isRetirement }) => isRetirement && kind !== 'skip');
    const allowed = inTurn([...new Set(removals.map(imageOf))], most, atMs);
    return holdBack(
      changes,
      (change) => !allowed.has(imageOf(change)),
      `it waits: ${most} removals in a run`,
    );
  };

/** The policy's caps, and that nothing is retired unless all is well. */
export const rulesOf = (policy: Policy, inventory: Inventory): Rule => {
  const { caps } = policy;
  const rules = [
    ...turnsOf(policy, inventory),
    onlyWhenAllIsWell(inventory),
    capRemovals(caps.removalsPerRun, inventory.atMs),
  ];
  return (changes) => rules.reduce((sofar, rule) => rule(sofar), changes);
};
