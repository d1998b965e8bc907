import { FerryError } from '../errors.ts';
import type { ImageId, TaskId } from '../schemas/ids.ts';
import { isStepMessage } from '../schemas/validators.js';

/** What travels through the queues: ids and what is to be done, never state, never a token. */
export interface ImportMessage {
  readonly imageId: ImageId;
  readonly taskId: TaskId;
  /** Of stream-image, when it is to copy one segment. */
  readonly segment?: number;
  /** How often it has come in vain, since its project had its share at work. */
  readonly waits?: number;
  /** Of apply-metadata, when it is to set formats and properties only, with nothing transferred before it. */
  readonly activation?: 'none';
}

/** @throws FerryError `bad-request` for anything else than a message of ours */
export const parseMessage = (body: string): ImportMessage => {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    // The reason of JSON.parse would quote what may be anything.
    throw new FerryError('bad-request', 'A queue message is not JSON');
  }
  if (isStepMessage(message)) return message as ImportMessage;
  const [problem] = isStepMessage.errors ?? [];
  throw new FerryError(
    'bad-request',
    `A queue message is not ours: ${problem?.instancePath} ${problem?.message}`,
  );
};
