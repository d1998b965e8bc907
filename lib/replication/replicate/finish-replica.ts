import type { Clouds } from '../../clouds/cloud.ts';
import type { ReplicateMessage } from '../../state/messages.ts';
import { type Finished, finish, isUpkeep } from './finish.ts';
import { done, forPerson, left, type Next, waitFor } from './next.ts';
import { type Remaining, type RemainingOf, remaining } from './remaining.ts';

interface Options {
  readonly signal: AbortSignal;
}

/**
 * Finishes, and looks once more: members, say, show only when an image has become shared. Older images go one rung down
 * the ladder, and not two.
 */
const finishAll = async (
  clouds: Pick<Clouds, 'region'>,
  replica: RemainingOf,
  { changes }: Remaining,
  options: Options,
): Promise<Finished> => {
  const first = await finish(replica.to, changes, options);
  if (first.kind !== 'done' || changes.length === 0) return first;
  const rest = await remaining(clouds, replica, options);
  const second = await finish(replica.to, rest.changes.filter(isUpkeep), options);
  return second.kind === 'done' ? first : second;
};

/** Does what is left to do about a replica that has its data. */
export const finishReplica = async (
  clouds: Pick<Clouds, 'region'>,
  message: ReplicateMessage,
  replica: RemainingOf,
  rest: Remaining,
  options: Options,
): Promise<Next> => {
  const { kind, reason } = await finishAll(clouds, replica, rest, options);
  if (kind === 'passing') return waitFor(message, reason);
  if (kind === 'left') return left(reason);
  return kind === 'done' ? done(reason, rest.imageId) : forPerson(reason);
};
