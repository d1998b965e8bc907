import { atMost } from '../../../promises.ts';
import type { ImageId, RegionName } from '../../../schemas/ids.ts';
import type { Target } from '../../../state/refs.ts';
import { hasEnded, msOf } from '../../../state/task.ts';
import type { ImportHistory, Inventory } from '../../plan/change.ts';
import { isInFlight } from '../../plan/region/region-view.ts';
import type { Policy } from '../../policy/policy.ts';
import { lessonOf } from './past-imports.ts';
import { type KnownImports, runningImport } from './running-import.ts';

/** @returns undefined where it cannot be told */
export type HistoryOf = (target: Target, nowMs: number) => Promise<ImportHistory | undefined>;

/** @param isRoutine whether what has failed is left alone for a while, or for good: nobody has asked for it */
export const createHistoryOf =
  ({ claims, tasks }: KnownImports, { isRoutine }: { readonly isRoutine: boolean }): HistoryOf =>
  async (target, nowMs) => {
    if (await runningImport({ claims, tasks }, target)) return { isRunning: true };
    const past = (await tasks.list?.(target))?.filter(hasEnded) ?? [];
    const last = past.at(-1);
    const lesson = isRoutine ? lessonOf(past, nowMs) : undefined;
    return {
      isRunning: false,
      ...(last && { endedMs: msOf(last.updatedAt) }),
      ...(lesson && lesson.kind !== 'begin' && { refusal: lesson.reason }),
    };
  };

const atOnce = 8;

/** The policy's records that have not all their data yet, and those that it may take over. */
const recordsIn = ({ targets, owners }: Inventory, { name }: Policy): readonly Target[] =>
  [...targets].flatMap(([region, images]) =>
    images
      .filter((image) => image.status === 'queued' || isInFlight(image))
      .filter(({ owner }) => owner === owners.get(region))
      .filter(({ provenance }) => provenance?.policy === name || provenance?.policy === '')
      .map(({ id }) => ({ region, imageId: id })),
  );

/** An inventory, and what the imports of its records that have not all their data yet have come to. */
export const withImports = async (
  inventory: Inventory,
  policy: Policy,
  historyOf: HistoryOf,
): Promise<Inventory> => {
  const imports = new Map<RegionName, Map<ImageId, ImportHistory>>();
  await atMost(atOnce, recordsIn(inventory, policy), async (target) => {
    const history = await historyOf(target, inventory.atMs);
    const known = imports.get(target.region) ?? new Map<ImageId, ImportHistory>();
    if (history) imports.set(target.region, known.set(target.imageId, history));
  });
  return { ...inventory, imports };
};
