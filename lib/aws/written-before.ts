import { isDeepStrictEqual } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

type Attributes = Readonly<Record<string, AttributeValue>>;

/** What an update was to leave. */
export interface IntendedUpdate {
  readonly kind: 'update';
  readonly set: Attributes;
  readonly removed: readonly string[];
  /** Set as well, but by every writer: they tell nothing of who has written. */
  readonly touched: Attributes;
  /** Elements that sets were to have, and to have no more. */
  readonly added: Attributes;
  readonly dropped: Attributes;
}

/** What a conditional write was to leave: the whole item, some attributes, or nothing. */
export type Intended =
  | { readonly kind: 'put'; readonly item: Attributes }
  | IntendedUpdate
  | { readonly kind: 'remove' };

const elementsOf = (value: AttributeValue | undefined): readonly string[] => value?.SS ?? [];

const isUpdated = (found: Attributes, { set, removed, added, dropped }: IntendedUpdate): boolean =>
  Object.entries(set).every(([name, value]) => isDeepStrictEqual(found[name], value)) &&
  removed.every((name) => found[name] === undefined) &&
  Object.entries(added).every(([name, value]) =>
    elementsOf(value).every((element) => elementsOf(found[name]).includes(element)),
  ) &&
  Object.entries(dropped).every(
    ([name, value]) => !elementsOf(value).some((element) => elementsOf(found[name]).includes(element)),
  );

/**
 * Whether an item whose write was refused is as that write was to leave it. The SDK sends a write again whose answer
 * got lost, and the second one finds the condition broken by the first: so what was wanted is there, and the write
 * counts as done. For this to be true of its own writer alone, each conditional write carries something that no other
 * writer writes: the id of a task or of an attempt.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html (conditional writes are
 * idempotent only "if the condition check is on the same attribute that is being updated")
 */
export const isWrittenBefore = (found: Attributes | undefined, intended: Intended): boolean => {
  if (intended.kind === 'remove') return found === undefined;
  if (found === undefined) return false;
  return intended.kind === 'put' ? isDeepStrictEqual(found, intended.item) : isUpdated(found, intended);
};
