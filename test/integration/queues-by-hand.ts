import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { isStepMessage } from '../../lib/schemas/validators.js';
import { sqsEvent } from '../../worker/sqs-event.ts';
import type { Ferry } from './ferry.ts';

/** The queues in the order in which an import goes through them. */
export const steps = ['stream-image', 'apply-metadata', 'fail-import'] as const;
export type StepName = (typeof steps)[number];

const queueOf = {
  'stream-image': 'StreamImageQueue',
  'apply-metadata': 'ApplyMetadataQueue',
  'fail-import': 'FailImportQueue',
} as const;

/** A message, and what its function has made of it. */
interface Taken {
  readonly message: Message;
  readonly result: unknown;
}

export interface QueuesByHand {
  /** Hands a queue's next message to its function and deletes it. @returns undefined when there is none @throws for one that no step can read */
  next(step: StepName): Promise<Taken | undefined>;
  /** The same, but the message stays: for a step that fails, and hides it for as long as it chooses. */
  again(step: StepName): Promise<Taken | undefined>;
  /** A queue's next message is lost. */
  lose(step: StepName): Promise<void>;
  /** Puts a message into a step's queue. */
  send(step: StepName, message: object): Promise<void>;
  stop(): void;
}

/** A test that sends what no step reads would pass whatever the step does. @throws Error */
const requireReadable = ({ Body = '' }: Message): void => {
  if (!isStepMessage(JSON.parse(Body))) throw new Error(`No step reads the message ${Body}`);
};

/** For a ferry whose queues nobody reads: one message at a time, so that a test sees each. */
export const createQueuesByHand = (ferry: Ferry): QueuesByHand => {
  const sqs = new SQSClient({});

  const queueFor = (step: StepName) => {
    const queue = ferry.aws.queues[queueOf[step]];
    if (!queue) throw new Error(`serverless.yml has no queue ${queueOf[step]}`);
    return queue;
  };

  const receive = async (step: StepName): Promise<Message | undefined> => {
    const everything = {
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    } satisfies Partial<ReceiveMessageCommand['input']>;
    const asked = new ReceiveMessageCommand({ QueueUrl: queueFor(step).url, ...everything });
    return (await sqs.send(asked)).Messages?.[0];
  };

  const remove = async (step: StepName, { ReceiptHandle }: Message): Promise<void> => {
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queueFor(step).url, ReceiptHandle }));
  };

  const again: QueuesByHand['again'] = async (step) => {
    const message = await receive(step);
    return message && { message, result: await ferry.invoke(step, sqsEvent([message], queueFor(step).arn)) };
  };

  const next: QueuesByHand['next'] = async (step) => {
    const taken = await again(step);
    if (!taken) return undefined;
    await remove(step, taken.message);
    requireReadable(taken.message);
    return taken;
  };

  const lose: QueuesByHand['lose'] = async (step) => {
    const message = await receive(step);
    if (message) await remove(step, message);
  };

  const send: QueuesByHand['send'] = async (step, message) => {
    const sent = { QueueUrl: queueFor(step).url, MessageBody: JSON.stringify(message) };
    await sqs.send(new SendMessageCommand(sent));
  };

  return { next, again, lose, send, stop: () => sqs.destroy() };
};
