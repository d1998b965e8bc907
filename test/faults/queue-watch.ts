import { setTimeout as delay } from 'node:timers/promises';
import type { LocalAws } from '../cloud/aws/aws.ts';
import { idsIn } from './operations.ts';

/** A message somewhere in a queue: visible, delayed, or received and not deleted. */
export interface WaitingMessage {
  readonly queue: string;
  readonly id: string;
  readonly body: string;
  /** What it is about. */
  readonly ids: readonly string[];
}

export interface QueueWatch {
  /** All messages, as they are after this call began. */
  look(): Promise<readonly WaitingMessage[]>;
  /** Waits until nothing is left for anybody to receive. */
  untilEmpty(): Promise<void>;
}

interface InspectedMessage {
  readonly messageId: string;
  readonly body: string;
}

interface Inspected {
  readonly messages: {
    readonly ready: readonly InspectedMessage[];
    readonly delayed: readonly InspectedMessage[];
    readonly inflight: readonly { readonly message: InspectedMessage }[];
  };
}

/** Nobody reads it: a person does. */
export const isDeadLetterQueue = (queue: string): boolean => queue.includes('Dead');

const lookEveryMs = 50;

/** Looks into the emulated queues without receiving anything; many who ask share one look. */
export const createQueueWatch = ({ endpoints, queues }: LocalAws): QueueWatch => {
  // Dead letters stay, some are as large as SQS takes them, and every run looks at all of them again and again.
  const seen = new Map<string, readonly string[]>();
  const idsOf = ({ messageId, body }: InspectedMessage): readonly string[] => {
    const ids = seen.get(messageId) ?? idsIn(body);
    seen.set(messageId, ids);
    return ids;
  };
  const inspect = async (queue: string): Promise<WaitingMessage[]> => {
    const answer = await fetch(`${endpoints.sqs}/_fauxqs/queues/${queue}`);
    const { messages } = (await answer.json()) as Inspected;
    const { ready, delayed, inflight } = messages;
    const all = [...ready, ...delayed, ...inflight.map(({ message }) => message)];
    return all.map((message) => ({
      ...{ queue, id: message.messageId, body: message.body },
      ids: idsOf(message),
    }));
  };
  const lookNow = async () => (await Promise.all(Object.keys(queues).map(inspect))).flat();

  let next: Promise<readonly WaitingMessage[]> | undefined;
  const look = () => {
    next ??= delay(lookEveryMs).then(() => {
      next = undefined;
      return lookNow();
    });
    return next;
  };
  return {
    look,
    untilEmpty: async () => {
      while ((await look()).some(({ queue }) => !isDeadLetterQueue(queue))) await delay(lookEveryMs);
    },
  };
};
