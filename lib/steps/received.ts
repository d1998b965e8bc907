import type { Delivery, StepMessage } from '../state/messages.ts';
import type { Deadline } from './deadline.ts';

/** A message that a step is to be run for. */
export interface Received<Message extends StepMessage = StepMessage> {
  readonly message: Message;
  readonly delivery: Delivery;
  readonly deadline: Deadline;
}
