import { createHash } from 'node:crypto';
import type { Policy } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
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
const importsAtWork = ({ targets, owners }: Inventory, { name }: Policy): ReadonlyMap<string, number> =>
  new Map(
    [...targets].map(([region, images]) => {
      // Whatever has no data yet is ours: it is given to its owner once its bytes are proven.
      const isOurs = ({ owner, provenance }: ImageFacts): boolean =>
        owner === owners.get(region) && provenance?.policy === name;
      return [region, images.filter((image) => isInFlight(image) && isOurs(image)).length];
    }),
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
    capRemovals(caps.removalsPerRun, inventory.atMs),
  ];
  return (changes) => rules.reduce((sofar, rule) => rule(sofar), changes);
};
