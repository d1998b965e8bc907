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
  const abandoned = new AbortController();
  let stopping = false;

  async function receive(): Promise<Message[]> {
    const asked = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(batchSize, 10),
      WaitTimeSeconds: waitS,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    });
    const { Messages = [] } = await sqs.send(asked, { abortSignal: abandoned.signal });
    return Messages;
  }

  let turn: Promise<unknown> = Promise.resolve();

  /** One call waits at a time, however many batches may be at work: a queue without messages costs little. */
  function receiveInTurn(): Promise<Message[]> {
    const received = turn.then(() => (stopping ? [] : receive()));
    turn = received.catch(() => undefined);
    return received;
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
        const messages = await receiveInTurn();
        if (messages.length > 0) await (stopping ? giveBack(messages) : run(messages));
      } catch (error) {
        if (abandoned.signal.aborted) return;
        log(`${queueArn}: ${error instanceof Error ? error.message : error}`);
        await delay(200); // a queue that is away should not be asked in a busy loop
      }
    }
  }

  const loops = Array.from({ length: maximumConcurrency }, poll);
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all(loops);
  };
  return {
    stop,
    /** As `stop`, for a queue that ends with its poller: nobody misses a message that comes to the waiting call. */
    abandon: (): Promise<void> => {
      const stopped = stop();
      abandoned.abort();
      return stopped;
    },
  };
}

export type Poller = ReturnType<typeof startPoller>;
