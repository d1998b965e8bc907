import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { FerryError } from '../errors.ts';
import {
  type Bury,
  type Delivery,
  longestDelayS,
  type Send,
  type SendReplicate,
  type StepName,
} from '../state/messages.ts';
import { type Patience, patienceOf } from './patience.ts';
import { serviceError } from './service-error.ts';

/** More than a long poll takes. */
const usual: Patience = { silenceMs: 60_000, maxAttempts: 4 };

export const createSqsClient = (patience = usual): SQSClient => new SQSClient(patienceOf(patience));

const nameOf = (queueUrl: string): string => queueUrl.split('/').at(-1) ?? queueUrl;

interface Sent {
  readonly body: string;
  readonly delayS?: number;
  /** Text beside the body. */
  readonly attributes?: Readonly<Record<string, string>>;
}

const sendTo = async (
  client: SQSClient,
  QueueUrl: string,
  { body, delayS = 0, attributes = {} }: Sent,
): Promise<void> => {
  const delayed = delayS > 0 ? { DelaySeconds: Math.min(longestDelayS, Math.ceil(delayS)) } : {};
  const named = Object.entries(attributes).map(([name, StringValue]) => [
    name,
    { DataType: 'String', StringValue },
  ]);
  const beside = named.length > 0 ? { MessageAttributes: Object.fromEntries(named) } : {};
  try {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body, ...delayed, ...beside }));
  } catch (cause) {
    throw serviceError(`send a message to queue ${nameOf(QueueUrl)}`, cause);
  }
};

/**
 * @param urls each step's queue; undefined of those that the function has no business with
 * @throws FerryError from send when SQS fails, see service-error.ts
 */
export const createSend =
  (client: SQSClient, urls: Readonly<Record<StepName, string | undefined>>): Send =>
  async ({ to, message, delayS = 0 }) => {
    const url = urls[to];
    if (url === undefined) throw new FerryError('misconfigured', `The URL of queue ${to} is not set`);
    await sendTo(client, url, { body: JSON.stringify(message), delayS });
  };

/** @throws FerryError from send when SQS fails, see service-error.ts */
export const createSendReplicate =
  (client: SQSClient, queueUrl: string): SendReplicate =>
  (message, delayS = 0) =>
    sendTo(client, queueUrl, { body: JSON.stringify(message), delayS });

/** Characters: enough for a sentence, and far from what a message may have. */
const longestReason = 1000;
/** What an attribute may not have: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g;

/**
 * Puts what nobody can do anything about where a person finds it, with why in attribute `reason`.
 * @throws FerryError from send when SQS fails, see service-error.ts
 */
export const createBury =
  (client: SQSClient, queueUrl: string): Bury =>
  (body, reason) => {
    const told = reason.slice(0, longestReason).replace(forbidden, '?');
    return sendTo(client, queueUrl, { body, attributes: { reason: told || 'unknown' } });
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
