import { FerryError } from '../../../errors.ts';
import { isPlanFile } from '../../../schemas/plan-validators.js';
import type { Policy } from '../../policy/policy.ts';
import type { Change, Inventory } from '../change.ts';
import { digestsOf, textDigest } from './seen.ts';

/** A change, and a digest of what it has seen. */
export type KeptChange = Change & { readonly seen: string };

/** A plan that is looked at today, and carried out tomorrow, if it is still true then. */
export interface KeptPlan {
  readonly version: 1;
  /** Name of the policy. */
  readonly policy: string;
  /** Of all that the policy says. */
  readonly policyDigest: string;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly changes: readonly KeptChange[];
}

/** Whether a plan was made by a policy as that is now. */
export const isPlanOf = ({ policy, policyDigest }: KeptPlan, now: Policy): boolean =>
  policy === now.name && policyDigest === textDigest(now);

export const keepPlan = (policy: Policy, inventory: Inventory, changes: readonly Change[]): KeptPlan => {
  const digest = digestsOf(inventory);
  return {
    version: 1,
    policy: policy.name,
    policyDigest: textDigest(policy),
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

/**
 * Those of a kept plan's changes that no longer rest on what is there; of a region that could not be read nothing does, and
 * no retirement anywhere.
 */
export const outdatedChanges = ({ changes }: KeptPlan, inventory: Inventory): readonly KeptChange[] => {
  const digest = digestsOf(inventory);
  const isBlind = ({ region, isRetirement = false }: Change): boolean =>
    inventory.failed.has(region) || (isRetirement && inventory.failed.size > 0);
  return changes.filter(
    (change) => change.kind !== 'skip' && (isBlind(change) || digest(change) !== change.seen),
  );
};
