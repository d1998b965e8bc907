import type { CloudRegion } from '../../clouds/cloud.ts';
import { FerryError } from '../../errors.ts';
import { createApplyChanges } from '../apply/apply-changes.ts';
import type { Result } from '../apply/result.ts';
import type { Change } from '../plan/change.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** What has come of the changes that were left. */
export type Finished =
  | { readonly kind: 'done'; readonly reason: string }
  /** The image is not to have a replica here, or none of ours. */
  | { readonly kind: 'left'; readonly reason: string }
  /** Another look may do better, or not. */
  | { readonly kind: 'passing' | 'failed'; readonly reason: string };

/** A copy is not for here, and never comes with other changes of the same replica. */
const noCopy = (): Promise<never> =>
  Promise.reject(new FerryError('internal', 'A replica is finished before it has its data'));

const inWords = ({ change, reason }: Result): string => `${change.kind} of image ${change.image}: ${reason}`;

const listed = (results: readonly Result[]): string => results.map(inWords).join('; ');

/** What brings the replica itself to what it is to be. */
export const isUpkeep = ({ kind, isRetirement }: Change): boolean =>
  kind !== 'copy' && kind !== 'skip' && !isRetirement;

const isOwnSkip = ({ change }: Result): boolean => change.kind === 'skip' && !change.isRetirement;

/** Somebody has changed the image since it was looked at: what is left to do is found anew. */
const isOvertaken = ({ outcome, change }: Result): boolean => outcome === 'kept' && isUpkeep(change);

/**
 * Does what is left to do about a replica that has its data, in the plan's order, and about the older ones of its family.
 * May run twice, side by side, or die anywhere. An older one that is in use is kept, which is no fault.
 */
export const finish = async (
  { images, identity: { projectId } }: CloudRegion,
  changes: readonly Change[],
  options: Options,
): Promise<Finished> => {
  const placeOf = async () => ({ images, projectId });
  const apply = createApplyChanges({ placeOf, importer: noCopy, atOnce: 1 });
  const results = await apply(changes, options);
  const failures = results.filter(({ outcome }) => outcome === 'failed');
  const lasting = failures.filter(({ isPassing }) => !isPassing);
  if (lasting.length > 0) return { kind: 'failed', reason: listed(lasting) };
  const open = [...failures, ...results.filter(isOvertaken)];
  if (open.length > 0) return { kind: 'passing', reason: listed(open) };
  const skipped = results.filter(isOwnSkip);
  if (skipped.length > 0) return { kind: 'left', reason: listed(skipped) };
  return { kind: 'done', reason: listed(results) || 'nothing is to be done' };
};
