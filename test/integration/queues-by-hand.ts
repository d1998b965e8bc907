import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
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

export interface QueuesByHand {
  /** Hands a queue's next message to its function and deletes it. @returns undefined when there is none */
  next(step: StepName): Promise<{ readonly message: Message; readonly result: unknown } | undefined>;
  stop(): void;
}

/** For a ferry whose queues nobody reads: one message at a time, so that a test sees each. */
export const createQueuesByHand = (ferry: Ferry): QueuesByHand => {
  const sqs = new SQSClient({});

  const next: QueuesByHand['next'] = async (step) => {
    const queue = ferry.aws.queues[queueOf[step]];
    if (!queue) throw new Error(`serverless.yml has no queue ${queueOf[step]}`);
    const everything = {
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    } satisfies Partial<ReceiveMessageCommand['input']>;
    const asked = new ReceiveMessageCommand({ QueueUrl: queue.url, ...everything });
    const { Messages: [message] = [] } = await sqs.send(asked);
    if (!message) return undefined;
    const result = await ferry.invoke(step, sqsEvent([message], queue.arn));
    const { ReceiptHandle } = message;
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle }));
    return { message, result };
  };

  return { next, stop: () => sqs.destroy() };
};
