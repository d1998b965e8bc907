import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { FerryError } from '../errors.ts';
import { type Delivery, longestDelayS, type Send, type StepName } from '../state/messages.ts';
import { type Patience, patienceOf } from './patience.ts';
import { serviceError } from './service-error.ts';

/** More than a long poll takes. */
const usual: Patience = { silenceMs: 60_000, maxAttempts: 4 };

export const createSqsClient = (patience = usual): SQSClient => new SQSClient(patienceOf(patience));

const nameOf = (queueUrl: string): string => queueUrl.split('/').at(-1) ?? queueUrl;

/**
 * @param urls each step's queue; undefined of those that the function has no business with
 * @throws FerryError from send when SQS fails, see service-error.ts
 */
export const createSend =
  (client: SQSClient, urls: Readonly<Record<StepName, string | undefined>>): Send =>
  async ({ to, message, delayS = 0 }) => {
    const QueueUrl = urls[to];
    if (QueueUrl === undefined) throw new FerryError('misconfigured', `The URL of queue ${to} is not set`);
    const delayed = delayS > 0 ? { DelaySeconds: Math.min(longestDelayS, Math.ceil(delayS)) } : {};
    const command = { QueueUrl, MessageBody: JSON.stringify(message), ...delayed };
    try {
      await client.send(new SendMessageCommand(command));
    } catch (cause) {
      throw serviceError(`send a message to queue ${nameOf(QueueUrl)}`, cause);
    }
  };

/** The part of an event's record that is used here. */
interface ReceivedRecord {
  readonly receiptHandle: string;
  readonly attributes: { readonly ApproximateReceiveCount: string };
}

/**
 * SQS's own limit for ChangeMessageVisibility, counted from the first receipt, is 12 hours: a worker's longer step goes on,
 * and its message, which comes again, finds it alive.
 * @throws FerryError from hideFor when SQS fails, see service-error.ts
 */
export const deliveryOf =
  (client: SQSClient, queueUrl: string) =>
  ({ receiptHandle, attributes }: ReceivedRecord): Delivery => ({
    receiveCount: Number(attributes.ApproximateReceiveCount),
    hideFor: async (seconds) => {
      const message = { QueueUrl: queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: seconds };
      try {
        await client.send(new ChangeMessageVisibilityCommand(message));
      } catch (cause) {
        throw serviceError(`hide a message of queue ${nameOf(queueUrl)}`, cause);
      }
    },
  });
