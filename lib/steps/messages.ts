import { FerryError } from '../errors.ts';
import { isStepMessage } from '../schemas/validators.js';
import type { StepMessage } from '../state/messages.ts';

/** @throws FerryError `bad-request` for anything else than a message of ours */
export const parseMessage = (body: string): StepMessage => {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    // The reason of JSON.parse would quote what may be anything.
    throw new FerryError('bad-request', 'A queue message is not JSON');
  }
  if (isStepMessage(message)) return message as StepMessage;
  const [problem] = isStepMessage.errors ?? [];
  throw new FerryError(
    'bad-request',
    `A queue message is not ours: ${problem?.instancePath} ${problem?.message}`,
  );
};
