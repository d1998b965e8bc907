import { FerryError } from '../../../errors.ts';
import { isPlanFile } from '../../../schemas/plan-validators.js';
import type { Change, Inventory } from '../change.ts';
import { digestsOf } from './seen.ts';

/** A change, and a digest of what it has seen. */
export type KeptChange = Change & { readonly seen: string };

/** A plan that is looked at today, and carried out tomorrow, if it is still true then. */
export interface KeptPlan {
  readonly version: 1;
  /** Name of the policy. */
  readonly policy: string;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly changes: readonly KeptChange[];
}

export const keepPlan = (policy: string, inventory: Inventory, changes: readonly Change[]): KeptPlan => {
  const digest = digestsOf(inventory);
  return {
    version: 1,
    policy,
    madeAt: new Date(inventory.atMs).toISOString(),
    changes: changes.map((change) => ({ ...change, seen: digest(change) })),
  };
};

/** The file's text: the same for the same plan. */
export const planText = (plan: KeptPlan): string => `${JSON.stringify(plan, undefined, 2)}\n`;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * @param file its name, for messages
 * @throws FerryError `bad-request` for what is no plan of ours
 */
export const readPlan = (text: string, file: string): KeptPlan => {
  const plan = parsed(text);
  if (isPlanFile(plan)) return plan as unknown as KeptPlan;
  const [error] = isPlanFile.errors ?? [];
  const why = error ? ` (${error.instancePath || 'the file'} ${error.message ?? 'is wrong'})` : '';
  throw new FerryError('bad-request', `${file} is not a plan of glance-ferry${why}`);
};

/** Those of a kept plan's changes that no longer rest on what is there; of a region that could not be read nothing does. */
export const outdatedChanges = ({ changes }: KeptPlan, inventory: Inventory): readonly KeptChange[] => {
  const digest = digestsOf(inventory);
  return changes.filter(
    (change) =>
      change.kind !== 'skip' && (inventory.failed.has(change.region) || digest(change) !== change.seen),
  );
};

/** Whether a plan may still be carried out as a whole: nothing that it has seen has changed since. */
export const isStillTrue = (plan: KeptPlan, inventory: Inventory): boolean =>
  outdatedChanges(plan, inventory).length === 0;
