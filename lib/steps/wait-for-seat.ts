import type { Outbox } from '../aws/queue.ts';
import { log } from '../log.ts';
import type { Claims } from '../imports/record/claims.ts';
import type { ImportMessage } from './messages.ts';
import type { NoSeat } from './seats.ts';
import type { ClaimKey } from '../imports/record/task.ts';

export interface WaitServices {
  readonly claims: Claims;
  /** The step's own. */
  readonly ownQueue: Outbox<ImportMessage>;
}

/** The attempt ends, its message comes again. It is not left to SQS, which would make a dead letter of who waits long. */
export const waitForSeat = async (
  { claims, ownQueue }: WaitServices,
  claim: ClaimKey,
  message: ImportMessage,
  { askAgainInS }: NoSeat,
): Promise<void> => {
  const { waits = 0 } = message;
  log.debug('waits for its turn', { task_id: claim.taskId, image_id: claim.imageId, waits });
  await claims.pause(claim);
  await ownQueue.send({ ...message, waits: waits + 1 }, { delayS: askAgainInS });
};
