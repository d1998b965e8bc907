import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Patience, patienceOf } from './patience.ts';
import { serviceError } from './service-error.ts';

/** Sends to one queue. */
export interface Outbox<Message> {
  /** @param options.delayS seconds for which nobody sees it, 900 at most (SQS); 0 when absent */
  send(message: Message, options?: { readonly delayS?: number }): Promise<void>;
}

/** One received message, as far as its receiver may act on it. */
export interface Delivery {
  /** 1 at the first time. */
  readonly receiveCount: number;
  /** Hides the message for so many seconds from now on: a heartbeat while at work, a delay before another try. */
  hideFor(seconds: number): Promise<void>;
}

/** More than a long poll takes. */
const usual: Patience = { silenceMs: 60_000, maxAttempts: 4 };

export const createSqsClient = (patience = usual): SQSClient => new SQSClient(patienceOf(patience));

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
export const longestDelayS = 900;

const nameOf = (queueUrl: string): string => queueUrl.split('/').at(-1) ?? queueUrl;

/** @throws FerryError from send when SQS fails, see service-error.ts */
export const createOutbox = <Message>(client: SQSClient, queueUrl: string): Outbox<Message> => ({
  send: async (message, { delayS = 0 } = {}) => {
    const delayed = delayS > 0 ? { DelaySeconds: Math.min(longestDelayS, Math.ceil(delayS)) } : {};
    const command = { QueueUrl: queueUrl, MessageBody: JSON.stringify(message), ...delayed };
    try {
      await client.send(new SendMessageCommand(command));
    } catch (cause) {
      throw serviceError(`send a message to queue ${nameOf(queueUrl)}`, cause);
    }
  },
});

/**
 * SQS's own limit for ChangeMessageVisibility, counted from the first receipt, is 12 hours: a worker's longer step goes on,
 * and its message, which comes again, finds it alive.
 * @throws FerryError from hideFor when SQS fails, see service-error.ts
 */
export const createDelivery = (
  client: SQSClient,
  queueUrl: string,
  record: {
    readonly receiptHandle: string;
    readonly attributes: { readonly ApproximateReceiveCount: string };
  },
): Delivery => ({
  receiveCount: Number(record.attributes.ApproximateReceiveCount),
  hideFor: async (seconds) => {
    const message = { QueueUrl: queueUrl, ReceiptHandle: record.receiptHandle, VisibilityTimeout: seconds };
    try {
      await client.send(new ChangeMessageVisibilityCommand(message));
    } catch (cause) {
      throw serviceError(`hide a message of queue ${nameOf(queueUrl)}`, cause);
    }
  },
});
