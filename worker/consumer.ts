import { setTimeout as delay } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { log } from '../lib/log.ts';
import type { StoppableContext } from '../lib/steps/deadline.ts';
import { contextOf } from './context.ts';
import { failedIds, sqsEvent } from './sqs-event.ts';

/** A queue's function, as functions/ export it. */
export type Handler = (event: unknown, context: StoppableContext) => Promise<unknown>;

export interface ConsumerOptions {
  /** Of the function, for its context. */
  readonly name: string;
  readonly queueUrl: string;
  readonly handler: Handler;
  /** Messages at work at a time. */
  readonly concurrency: number;
  /** Ends the consumer: no more messages are taken, and those at work are told to stop. */
  readonly stopping: AbortSignal;
}

/**
 * Not SQS's 20: a wait is let run out when the worker stops, since a message may be on its way to it; and a message that
 * goes to a worker which has died while it waited is lost for a visibility. An idle loop asks 43 200 times a day.
 */
const waitS = 2;
/** For an answer that should take `waitS`, tries included: a stop waits no longer for an SQS that has gone silent. */
const answerWithinMs = 20_000;
const firstPauseMs = 500; // after an error of SQS, doubled each time
const longestPauseMs = 30_000;

/**
 * Feeds a queue's function from its queue, one message an event, as Lambda's event source does: what succeeded is
 * deleted; what is in `batchItemFailures`, or threw, comes again when its visibility ends.
 * @returns when `stopping` is aborted and every message at work has been dealt with
 */
export const consume = async (sqs: SQSClient, options: ConsumerOptions): Promise<void> => {
  const { name, queueUrl: QueueUrl, handler, concurrency, stopping } = options;

  const receive = async (): Promise<Message | undefined> => {
    const asked = { QueueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: waitS };
    const attributes = { MessageSystemAttributeNames: ['All' as const], MessageAttributeNames: ['All'] };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ ...asked, ...attributes }), {
      abortSignal: AbortSignal.timeout(answerWithinMs),
    });
    return Messages[0];
  };

  const work = async (message: Message): Promise<void> => {
    const { MessageId = '', ReceiptHandle } = message;
    const answer = await handler(sqsEvent([message], `worker:${name}`), contextOf(name, stopping));
    if (failedIds(answer, [MessageId]).size > 0) return;
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  };

  /** Visible again at once: it came while the worker was stopping. */
  const giveBack = async ({ ReceiptHandle }: Message): Promise<void> => {
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
  };

  const loop = async (): Promise<void> => {
    for (let failures = 0; !stopping.aborted; ) {
      try {
        const message = await receive();
        if (message) await (stopping.aborted ? giveBack(message) : work(message));
        failures = 0;
      } catch (error) {
        failures += 1;
        log.error('worker failed', { function_name: name, error: error as Error });
        const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
        await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
      }
    }
  };

  await Promise.all(Array.from({ length: concurrency }, loop));
};
