import { provenanceProperties } from '../../record/provenance.ts';
import type { Value, WantedReplica } from '../change.ts';
import { isSameValue } from '../same-value.ts';
import type { Replica } from './region-view.ts';

type Values = Readonly<Record<string, Value>>;

/** What Glance's own attributes are, and are to be. */
const attributes = (
  wanted: WantedReplica,
  replica: Replica,
): readonly (readonly [string, Value, Value])[] => [
  ['owner', replica.owner, wanted.owner ?? replica.owner],
  ['name', replica.name, wanted.name],
  ['min_disk', replica.minDisk, wanted.minDisk],
  ['min_ram', replica.minRam, wanted.minRam],
  ['protected', replica.isProtected, wanted.isProtected ?? replica.isProtected],
  ['os_hidden', replica.isHidden, wanted.isHidden ?? replica.isHidden],
  ['tags', replica.tags, wanted.tags ?? replica.tags],
];

const propertyOf = ({ properties }: Replica, name: string): Value =>
  Object.hasOwn(properties, name) ? (properties[name] ?? null) : null;

/** Likewise of properties. */
const properties = (
  wanted: WantedReplica,
  replica: Replica,
): readonly (readonly [string, Value, Value])[] => [
  ...Object.entries(wanted.properties).map(
    ([name, value]) => [name, propertyOf(replica, name), value] as const,
  ),
  ...Object.entries(provenanceProperties(wanted.provenance)).map(
    ([name, value]) => [name, propertyOf(replica, name), value] as const,
  ),
  ...Object.entries(replica.properties)
    .filter(([name]) => wanted.isSynced(name) && !Object.hasOwn(wanted.properties, name))
    .map(([name, value]) => [name, value, null] as const),
];

/** What one PATCH would set, and what the values are that it relies on. */
export interface Drift {
  readonly set: Values;
  readonly was: Values;
}

/**
 * Where a replica is not as it is to be, its visibility and members apart.
 * @param isHeld attributes that must not change yet
 */
export const driftOf = (
  wanted: WantedReplica,
  replica: Replica,
  isHeld: (name: string, value: Value) => boolean,
): Drift | undefined => {
  const different = [...attributes(wanted, replica), ...properties(wanted, replica)].filter(
    ([name, is, value]) => !isSameValue(is, value) && !isHeld(name, value),
  );
  if (different.length === 0) return undefined;
  return {
    set: Object.fromEntries(different.map(([name, , value]) => [name, value])),
    was: Object.fromEntries(different.map(([name, is]) => [name, is])),
  };
};
