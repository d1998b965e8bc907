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

/** One PATCH. Glance answers 409 to `add` of what is there and to `replace` of what is not. */
export const patchFor = (target: GlanceImage, changes: Changes): readonly PatchOperation[] =>
  Object.entries(changes).map(([name, { set }]) => ({
    op: Object.hasOwn(target, name) ? 'replace' : 'add',
    path: pointer(name),
    value: set,
  }));

/** The PATCH that puts the target back as it was, but for what somebody else has changed since. */
export const patchBack = (target: GlanceImage, changes: Changes): readonly PatchOperation[] =>
  Object.entries(changes)
    .filter(([name, { set }]) => target[name] === set)
    .map(([name, { was }]) =>
      was === undefined
        ? { op: 'remove', path: pointer(name) }
        : { op: 'replace', path: pointer(name), value: was },
    );
