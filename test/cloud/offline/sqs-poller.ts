import { setTimeout as delay } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { failedIds, sqsEvent } from '../../../worker/sqs-event.ts';

/** The event source mapping of one queue and one function. */
export interface Mapping {
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly batchSize: number;
  /** Batches at a time. */
  readonly maximumConcurrency: number;
  readonly reportsBatchItemFailures: boolean;
}

/** Seconds. Short, because a waiting call is let run out on `stop`: fauxqs would hand a message to a caller that has gone. */
const waitS = 1;

/**
 * Feeds a function from a queue, as Lambda's pollers do: what succeeded is deleted; what failed, or was in a batch whose
 * function threw, comes back when its visibility ends, and goes to the dead letters when it has come too often. Both are
 * the queue's own doing.
 * @returns stop: takes no more messages and resolves when the running batches have ended
 */
export function startPoller(
  sqs: SQSClient,
  mapping: Mapping,
  invoke: (event: unknown) => Promise<unknown>,
  log: (line: string) => void,
) {
  const { queueUrl: QueueUrl, queueArn, batchSize, maximumConcurrency } = mapping;
  let stopping = false;

  async function receive(): Promise<Message[]> {
    const asked = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(batchSize, 10),
      WaitTimeSeconds: waitS,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    });
    const { Messages = [] } = await sqs.send(asked);
    return Messages;
  }

  async function run(messages: readonly Message[]): Promise<void> {
    const answer = await invoke(sqsEvent(messages, queueArn));
    const ids = messages.map(({ MessageId }) => MessageId ?? '');
    const failed = mapping.reportsBatchItemFailures ? failedIds(answer, ids) : new Set<string>();
    const done = messages.filter(({ MessageId }) => !failed.has(MessageId ?? ''));
    for (const { ReceiptHandle } of done)
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }

  /** Visible again at once: for messages that came while we were stopping. */
  async function giveBack(messages: readonly Message[]): Promise<void> {
    for (const { ReceiptHandle } of messages) {
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    }
  }

  async function poll(): Promise<void> {
    while (!stopping) {
      try {
        const messages = await receive();
        if (messages.length > 0) await (stopping ? giveBack(messages) : run(messages));
      } catch (error) {
        log(`${queueArn}: ${error instanceof Error ? error.message : error}`);
        await delay(200); // a queue that is away should not be asked in a busy loop
      }
    }
  }

  const loops = Array.from({ length: maximumConcurrency }, poll);
  return {
    async stop(): Promise<void> {
      stopping = true;
      await Promise.all(loops);
    },
  };
}

export type Poller = ReturnType<typeof startPoller>;
