import type { Value } from './change.ts';

/** Glance lists nothing of a property that is not there, and none that is empty means more to anybody. */
const orEmpty = (value: unknown): unknown => value ?? '';

const asSet = (list: readonly unknown[]): string => JSON.stringify([...new Set(list)].sort());

/**
 * Whether a value of an attribute or a property is as wanted, to the plan and to who carries it out: were one of them stricter, it
 * would never come to its end. What is not there is as good as empty; lists are tags, which have no order.
 */
export const isSameValue = (value: unknown, wanted: Value): boolean =>
  Array.isArray(value) && Array.isArray(wanted)
    ? asSet(value) === asSet(wanted)
    : orEmpty(value) === orEmpty(wanted);
