import type { PatchOperation } from '../openstack/glance/glance.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import type { Change, Changes, Properties } from '../state/task.ts';

/** RFC 6901: `~` is `~0`, `/` is `~1`. Trait names hold no slash, but properties may. */
export const pointer = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** What of the wanted values the target does not have yet. */
export const changesTo = (target: GlanceImage, wanted: Properties): Changes =>
  Object.fromEntries(
    Object.entries(wanted)
      .map(
        ([name, value]) =>
          [name, { was: Object.hasOwn(target, name) ? target[name] : undefined, set: value }] as const,
      )
      .filter(([, { was, set }]) => was !== set),
  );

/** `add` also replaces what is there (RFC 6902 4.1), so that a PATCH whose answer got lost may be sent again. */
const set = (name: string, value: unknown): PatchOperation => ({ op: 'add', path: pointer(name), value });

/** What a PATCH does, and what is to be rolled back should the import fail after all. */
export interface ChangePlan {
  readonly operations: readonly PatchOperation[];
  readonly changes: Changes;
}

/**
 * Gives the target the wanted values, though an earlier try of the same import may have set others: those go back to
 * what they were, and of those that it shares the value before the first try is remembered. What the target's owner
 * has changed in between is his, and counts as what was before.
 */
export const planChanges = (target: GlanceImage, wanted: Properties, earlier: Changes = {}): ChangePlan => {
  const isOurs = (name: string): boolean =>
    Object.hasOwn(earlier, name) && target[name] === earlier[name]?.set;
  const given = Object.entries(earlier).filter(([name]) => isOurs(name));
  const dropped = Object.fromEntries(given.filter(([name]) => !Object.hasOwn(wanted, name)));
  const kept = given
    .filter(([name]) => Object.hasOwn(wanted, name))
    .map(([name, { was }]) => [name, { was, set: wanted[name] ?? '' }] as const);
  const fresh = changesTo(target, wanted);
  return {
    operations: [...rollbackPatch(target, dropped), ...patchFor(fresh)],
    // What is dropped as well: the PATCH may be refused.
    changes: { ...dropped, ...fresh, ...Object.fromEntries(kept) },
  };
};

/** Changes that were made one after the other: what was there before the first, what the last one has set. */
export const mergeChanges = (inOrder: readonly Changes[]): Changes => {
  const merged: Record<string, Change> = {};
  for (const [name, change] of inOrder.flatMap((changes) => Object.entries(changes))) {
    const first = Object.hasOwn(merged, name) ? merged[name] : undefined;
    merged[name] = first ? { was: first.was, set: change.set } : change;
  }
  return merged;
};

/** All changes in one PATCH. */
export const patchFor = (changes: Changes): readonly PatchOperation[] =>
  Object.entries(changes).map(([name, change]) => set(name, change.set));

/** The PATCH that rolls the target back to what it was, but for what somebody else has changed since. */
export const rollbackPatch = (target: GlanceImage, changes: Changes): readonly PatchOperation[] =>
  Object.entries(changes)
    .filter(([name, change]) => target[name] === change.set)
    .map(([name, { was }]) => (was === undefined ? { op: 'remove', path: pointer(name) } : set(name, was)));
