import { isDeepStrictEqual } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

type Attributes = Readonly<Record<string, AttributeValue>>;

/** What a conditional write was to leave: the whole item, some attributes (undefined: removed), or nothing. */
export type Intended =
  | { readonly kind: 'put'; readonly item: Attributes }
  | { readonly kind: 'update'; readonly set: Attributes; readonly removed: readonly string[] }
  | { readonly kind: 'remove' };

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
  if (intended.kind === 'put') return isDeepStrictEqual(found, intended.item);
  const { set, removed } = intended;
  return (
    Object.entries(set).every(([name, value]) => isDeepStrictEqual(found[name], value)) &&
    removed.every((name) => found[name] === undefined)
  );
};
