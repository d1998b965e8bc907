import type { RegionName } from '../../../schemas/ids.ts';
import type { Policy } from '../../policy/policy.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import type { Change, Inventory } from '../change.ts';
import { isInFlight } from '../region/region-view.ts';
import { type Rule, skipped } from './rule.ts';
import { historyOf, isStalled } from './stalled.ts';

// Which copies may be made in a run: a cap has so many turns, and no copy that always fails takes one from the others for ever.

type Copy = Extract<Change, { readonly kind: 'copy' }>;

const isCopy = (change: Change): change is Copy => change.kind === 'copy';

/** Of a cap that later runs get round to. */
const leftToLater = (copy: Copy, reason: string): Change => ({ ...skipped(copy, reason), isWaiting: true });

/** Among copies, the lower the sooner. */
const placeOf = (inventory: Inventory, { region, record }: Copy): number => {
  if (record === undefined) return 0;
  const history = historyOf(inventory, region, record);
  return !history || history.isRunning ? Number.NEGATIVE_INFINITY : (history.endedMs ?? 0);
};

/**
 * Copies are judged in turn: those that have begun, or may have, then those that were never tried, then the one whose import
 * ended longest ago. So each gets its turn, whatever becomes of the others.
 */
const judgeCopies = (
  inventory: Inventory,
  changes: readonly Change[],
  judge: (copy: Copy) => Change,
): readonly Change[] => {
  const inTurn = changes
    .filter(isCopy)
    .map((copy) => ({ copy, place: placeOf(inventory, copy) }))
    .sort((one, other) => (one.place === other.place ? 0 : one.place - other.place));
  const judged = new Map<Change, Change>(inTurn.map(({ copy }) => [copy, judge(copy)]));
  return changes.map((change) => judged.get(change) ?? change);
};

const leaveRefused =
  (inventory: Inventory): Rule =>
  (changes) =>
    judgeCopies(inventory, changes, (copy) => {
      const refusal = historyOf(inventory, copy.region, copy.record)?.refusal;
      return refusal === undefined ? copy : skipped(copy, refusal);
    });

const refuseTooLarge =
  (inventory: Inventory, most: number): Rule =>
  (changes) =>
    judgeCopies(inventory, changes, (copy) =>
      copy.bytes > most ? skipped(copy, `its ${copy.bytes} bytes are more than a run may move`, true) : copy,
    );

/** Imports of the policy that run right now, region by region. */
const importsAtWork = (inventory: Inventory, { name }: Policy): ReadonlyMap<RegionName, number> => {
  const { targets, owners } = inventory;
  return new Map(
    [...targets].map(([region, images]) => {
      // Whatever has no data yet is ours: it is given to its owner once its bytes are proven.
      const isOurs = ({ owner, provenance }: ImageFacts): boolean =>
        owner === owners.get(region) && provenance?.policy === name;
      const isAtWork = (image: ImageFacts): boolean =>
        (isInFlight(image) && !isStalled(inventory, image)) ||
        (historyOf(inventory, region, image.id)?.isRunning ?? false);
      return [region, images.filter((image) => isAtWork(image) && isOurs(image)).length];
    }),
  );
};

const capImports =
  (inventory: Inventory, policy: Policy, most: number): Rule =>
  (changes) => {
    const imports = new Map(importsAtWork(inventory, policy));
    return judgeCopies(inventory, changes, (copy) => {
      if (historyOf(inventory, copy.region, copy.record)?.isRunning) return copy;
      const count = (imports.get(copy.region) ?? 0) + 1;
      if (count > most) return leftToLater(copy, `it waits: ${most} imports into a region at a time`);
      imports.set(copy.region, count);
      return copy;
    });
  };

const capBytes =
  (inventory: Inventory, most: number): Rule =>
  (changes) => {
    let sum = 0;
    return judgeCopies(inventory, changes, (copy) => {
      if (sum + copy.bytes > most) return leftToLater(copy, `it waits: ${most} bytes in a run`);
      sum += copy.bytes;
      return copy;
    });
  };

/** Of copies: what is not begun for now, and what a policy's caps leave to later runs. */
export const turnsOf = (policy: Policy, inventory: Inventory): readonly Rule[] => {
  const { bytesPerRun = Number.POSITIVE_INFINITY, importsPerRegion = Number.POSITIVE_INFINITY } = policy.caps;
  return [
    leaveRefused(inventory),
    refuseTooLarge(inventory, bytesPerRun),
    capImports(inventory, policy, importsPerRegion),
    capBytes(inventory, bytesPerRun),
  ];
};
