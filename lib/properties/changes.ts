import type { PatchOperation } from '../openstack/glance.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import type { Properties } from './copied.ts';

/** One attribute of the target: its value before the import (absent: undefined, or left out) and after. */
export interface Change {
  readonly was?: unknown;
  readonly set: string;
}

export type Changes = Readonly<Record<string, Change>>;

/** RFC 6901: `~` is `~0`, `/` is `~1`. Trait names hold no slash, but properties may. */
const pointer = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

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

/** All changes in one PATCH. */
export const patchFor = (changes: Changes): readonly PatchOperation[] =>
  Object.entries(changes).map(([name, change]) => set(name, change.set));

/** The PATCH that puts the target back as it was, but for what somebody else has changed since. */
export const patchBack = (target: GlanceImage, changes: Changes): readonly PatchOperation[] =>
  Object.entries(changes)
    .filter(([name, change]) => target[name] === change.set)
    .map(([name, { was }]) => (was === undefined ? { op: 'remove', path: pointer(name) } : set(name, was)));
