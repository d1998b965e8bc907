import { randomUUID } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Deployment } from './deployment.ts';
import type { Prepared } from './imports-under-test.ts';
import { targetGlance } from './regions.ts';

/** A message that is none of ours, or of an import that nobody began. Each names the image of its run somewhere. */
interface Poison {
  readonly name: string;
  bodyFor(prepared: Prepared, deployment: Deployment): string | Promise<string>;
}

const region = 'REGION2';
/** Still below SQS's 256 KiB. */
const large = 250 * 1024; // bytes

const ofGoneImage = async (prepared: Prepared, deployment: Deployment): Promise<string> => {
  const glance = targetGlance(deployment, prepared);
  const { id } = await glance.createImage({ name: 'gone' });
  await glance.remove(id);
  return JSON.stringify({ region, imageId: id, taskId: prepared.targetId });
};

export const poison: readonly Poison[] = [
  { name: 'that is not JSON', bodyFor: ({ targetId }) => `{ ${targetId} is not JSON` },
  { name: 'that is a list', bodyFor: ({ targetId }) => JSON.stringify([targetId]) },
  {
    name: "of another service's",
    bodyFor: ({ targetId }) =>
      JSON.stringify({ Records: [{ s3: { object: { key: `copies/${targetId}` } } }] }),
  },
  {
    name: 'as large as SQS takes them',
    bodyFor: ({ targetId: imageId }) =>
      JSON.stringify({ region, imageId, taskId: imageId, more: 'x'.repeat(large) }),
  },
  {
    name: 'with a number for a task',
    bodyFor: ({ targetId: imageId }) => JSON.stringify({ region, imageId, taskId: 7 }),
  },
  {
    name: 'with a field more',
    bodyFor: ({ targetId: imageId }) => JSON.stringify({ region, imageId, taskId: imageId, more: 'no' }),
  },
  {
    name: 'that waits without measure',
    bodyFor: ({ targetId: imageId }) => JSON.stringify({ region, imageId, taskId: imageId, waits: 1e300 }),
  },
  {
    name: 'of a task that is none',
    bodyFor: ({ targetId: imageId }) => JSON.stringify({ region, imageId, taskId: imageId }),
  },
  {
    name: 'of a row, where it should be of a copy',
    bodyFor: ({ targetId: imageId }) => JSON.stringify({ region, imageId, taskId: imageId, row: 99 }),
  },
  {
    name: 'of an image that nobody knows',
    bodyFor: ({ targetId: taskId }) => JSON.stringify({ region, imageId: randomUUID(), taskId }),
  },
  { name: 'of an image that is gone', bodyFor: ofGoneImage },
];

/** Puts a message into each queue that a function reads. */
export const sendToAll = async (body: string | Promise<string>, { cloud }: Deployment): Promise<void> => {
  const sqs = new SQSClient({});
  const MessageBody = await body;
  for (const queue of ['StreamImageQueue', 'ApplyMetadataQueue', 'FailImportQueue'])
    await sqs.send(new SendMessageCommand({ QueueUrl: cloud.aws.queues[queue]?.url ?? '', MessageBody }));
  sqs.destroy();
};
