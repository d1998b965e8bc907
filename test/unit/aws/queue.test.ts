import { type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createBury,
  createSend,
  createSendReplicate,
  createSqsClient,
  deliveryOf,
} from '../../../lib/aws/queue.ts';
import { type ImageId, newTaskId, type RegionName } from '../../../lib/schemas/ids.ts';
import type { StepName } from '../../../lib/state/messages.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { newImport } from '../../contract/state/fixtures.ts';
import { startLocalAws } from '../local-aws.ts';

let aws: LocalAws;
let url: string;
beforeAll(async () => {
  aws = await startLocalAws();
  url = aws.queues['StreamImageQueue']?.url ?? '';
});
afterAll(() => aws.stop());

const receive = async (waitS = 0): Promise<Message | undefined> => {
  const names = ['ApproximateReceiveCount' as const];
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    WaitTimeSeconds: waitS,
    MessageSystemAttributeNames: names,
  });
  return (await createSqsClient().send(command)).Messages?.[0];
};
const received = ({ ReceiptHandle = '', Attributes = {} }: Message, queueUrl = url) => {
  const { ApproximateReceiveCount = '' } = Attributes;
  const record = { receiptHandle: ReceiptHandle, attributes: { ApproximateReceiveCount } };
  return deliveryOf(createSqsClient(), queueUrl)(record);
};
const urlsOf = (queueUrl: string): Readonly<Record<StepName, string>> => ({
  'stream-image': queueUrl,
  'apply-metadata': `${queueUrl}-none`,
  'fail-import': `${queueUrl}-none`,
});

test('a message arrives in its step’s queue as JSON, may be hidden, and is counted when it comes again', async () => {
  const message = newImport();
  await createSend(createSqsClient(), urlsOf(url))({ to: 'stream-image', message });
  const first = await receive();
  expect(JSON.parse(first?.Body ?? '')).toEqual(message);
  const delivery = received(first ?? {});
  expect(delivery.receiveCount).toBe(1);

  await delivery.hideFor(60);
  expect(await receive()).toBeUndefined();
  await delivery.hideFor(0);
  const again = await receive();
  expect(received(again ?? {}).receiveCount).toBe(2);
  await received(again ?? {}).hideFor(600);
});

test('a message that is delayed is seen by nobody before, for 15 minutes at most', async () => {
  const send = createSend(createSqsClient(), urlsOf(url));
  for (const delayS of [0.2, 100_000])
    await send({ to: 'stream-image', message: { ...newImport(), taskId: newTaskId() }, delayS });
  expect(await receive()).toBeUndefined();
  expect(await receive(3)).toBeDefined();
});

test('a queue that is not there is the configuration’s fault, named without its account', async () => {
  const nobody = url.replace('StreamImageQueue', 'nobody');
  const send = createSend(createSqsClient(), urlsOf(nobody));
  await expect(send({ to: 'stream-image', message: newImport() })).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringMatching('^Failed to send a message to queue nobody: QueueDoesNotExist'),
  });
  const delivery = received({ ReceiptHandle: 'x', Attributes: { ApproximateReceiveCount: '1' } }, nobody);
  await expect(delivery.hideFor(1)).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringMatching('^Failed to hide a message of queue nobody: QueueDoesNotExist'),
  });
});

describe('a queue of replicate-image', () => {
  const receiveFrom = async (name: string): Promise<Message | undefined> => {
    const QueueUrl = aws.queues[name]?.url;
    const command = new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] });
    return (await createSqsClient().send(command)).Messages?.[0];
  };
  const urlOf = (name: string): string => aws.queues[name]?.url ?? '';

  test('gets the message of a replica as it is', async () => {
    const source = { region: 'REGION1' as RegionName, imageId: newTaskId() as string as ImageId };
    const message = { replica: { source, region: 'REGION2' as RegionName, policy: 'golden' }, looks: 1 };
    await createSendReplicate(createSqsClient(), urlOf('ReplicateImageQueue'))(message);
    const arrived = await receiveFrom('ReplicateImageQueue');
    expect(JSON.parse(arrived?.Body ?? '')).toEqual(message);
  });

  test.each([
    ['The event is not JSON', 'The event is not JSON'],
    ['a \u0000 b \uFFFF \uD800 c', 'a ? b ? ? c'],
    ['x'.repeat(5000), 'x'.repeat(1000)],
    ['', 'unknown'],
  ])('that nobody reads has why with each letter, as far as SQS takes it: %j', async (reason, told) => {
    const bury = createBury(createSqsClient(), urlOf('ReplicateImageDeadQueue'));
    await bury('{', reason);
    const letter = await receiveFrom('ReplicateImageDeadQueue');
    expect(letter).toMatchObject({ Body: '{', MessageAttributes: { reason: { StringValue: told } } });
  });
});
