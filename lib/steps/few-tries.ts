import type { Delivery } from '../aws/queue.ts';
import { FerryError } from '../errors.ts';
import type { Claims } from '../imports/record/claims.ts';
import type { ClaimKey } from '../imports/record/task.ts';

/** Receipts after which a message that gets further is sent anew: two less than serverless.yml's maxReceiveCount. */
const oftenReceived = 3;

/**
 * Lets a run begin that finds so much of its work done.
 * @param stored in any unit that only grows
 * @throws FerryError `progressed` when its message would soon be a dead letter though each run got further
 */
export const requireFewTries = async (
  claims: Claims,
  claim: ClaimKey,
  { receiveCount }: Delivery,
  stored: number,
): Promise<void> => {
  const isFurther = await claims.advance(claim, stored);
  if (receiveCount < oftenReceived || !isFurther) return;
  throw new FerryError('progressed', `Message ${receiveCount} times received, and each time more was stored`);
};
