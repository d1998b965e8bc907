import type { Policy } from '../../policy/policy.ts';
import type { Change, Inventory } from '../change.ts';
import { isInFlight } from '../region/region-view.ts';

/** What a plan becomes under a policy's limits: a change that goes too far becomes one that says so. */
type Rule = (changes: readonly Change[]) => readonly Change[];

type Copy = Change & { readonly kind: 'copy' };

type Skip = Change & { readonly kind: 'skip' };

const isCopy = (change: Change): change is Copy => change.kind === 'copy';

const skipped = (
  { region, image, name, family, isRetirement }: Change,
  reason: string,
  isError = false,
): Skip => ({
  kind: 'skip',
  region,
  image,
  name,
  family,
  bytes: 0,
  reason,
  isError,
  ...(isRetirement && { isRetirement }),
});

const imageOf = ({ region, image }: Change): string => `${region} ${image}`;

/** Of a cap that later runs get round to. */
const leftToLater = (copy: Copy, reason: string): Change => ({ ...skipped(copy, reason), isWaiting: true });

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

const capRemovals =
  (most = Number.POSITIVE_INFINITY): Rule =>
  (changes) => {
    const removed = new Set(
      changes.filter(({ kind, isRetirement }) => isRetirement && kind !== 'skip').map(imageOf),
    );
    const allowed = new Set([...removed].slice(0, most));
    return holdBack(
      changes,
      (change) => !allowed.has(imageOf(change)),
      `it waits: ${most} removals in a run`,
    );
  };

/** Copies that may be made; those that have begun come first. */
const replaceCopies = (changes: readonly Change[], judge: (copy: Copy) => Change): readonly Change[] => {
  const copies = changes.filter(isCopy);
  const inTurn = [
    ...copies.filter(({ record }) => record !== undefined),
    ...copies.filter(({ record }) => record === undefined),
  ];
  const judged = new Map<Change, Change>(inTurn.map((one) => [one, judge(one)]));
  return changes.map((change) => judged.get(change) ?? change);
};

/** Imports that give their data right now, region by region: of these no change says anything. */
const importsAtWork = ({ targets }: Inventory, { name }: Policy): ReadonlyMap<string, number> =>
  new Map(
    [...targets].map(([region, images]) => [
      region,
      images.filter((image) => isInFlight(image) && image.provenance?.policy === name).length,
    ]),
  );

const capImports =
  (most = Number.POSITIVE_INFINITY, atWork: ReadonlyMap<string, number>): Rule =>
  (changes) => {
    const imports = new Map(atWork);
    return replaceCopies(changes, (copy) => {
      const count = (imports.get(copy.region) ?? 0) + 1;
      imports.set(copy.region, count);
      return count <= most ? copy : leftToLater(copy, `it waits: ${most} imports into a region at a time`);
    });
  };

const capBytes =
  (most = Number.POSITIVE_INFINITY): Rule =>
  (changes) => {
    let sum = 0;
    return replaceCopies(changes, (copy) => {
      if (copy.bytes > most)
        return skipped(copy, `its ${copy.bytes} bytes are more than a run may move`, true);
      if (sum + copy.bytes > most) return leftToLater(copy, `it waits: ${most} bytes in a run`);
      sum += copy.bytes;
      return copy;
    });
  };

/** The policy's caps, and that nothing is retired unless all is well. */
export const rulesOf = (policy: Policy, inventory: Inventory): Rule => {
  const { caps } = policy;
  const rules = [
    capImports(caps.importsPerRegion, importsAtWork(inventory, policy)),
    capBytes(caps.bytesPerRun),
    onlyWhenAllIsWell(inventory),
    capRemovals(caps.removalsPerRun),
  ];
  return (changes) => rules.reduce((sofar, rule) => rule(sofar), changes);
};
