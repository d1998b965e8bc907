import { type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDelivery, createOutbox, createSqsClient } from '../../../lib/aws/queue.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
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
const deliveryOf = ({ ReceiptHandle = '', Attributes = {} }: Message) => {
  const { ApproximateReceiveCount = '' } = Attributes;
  const record = { receiptHandle: ReceiptHandle, attributes: { ApproximateReceiveCount } };
  return createDelivery(createSqsClient(), url, record);
};

test('a message arrives as JSON, may be hidden, and is counted when it comes again', async () => {
  await createOutbox<{ taskId: string }>(createSqsClient(), url).send({ taskId: 'ä' });
  const first = await receive();
  expect(JSON.parse(first?.Body ?? '')).toEqual({ taskId: 'ä' });
  const delivery = deliveryOf(first ?? {});
  expect(delivery.receiveCount).toBe(1);

  await delivery.hideFor(60);
  expect(await receive()).toBeUndefined();
  await delivery.hideFor(0);
  expect(deliveryOf((await receive()) ?? {}).receiveCount).toBe(2);
});

test('a queue that is not there is the configuration’s fault, named without its account', async () => {
  const outbox = createOutbox(createSqsClient(), url.replace('StreamImageQueue', 'nobody'));
  await expect(outbox.send({})).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringMatching('^Failed to send a message to queue nobody: QueueDoesNotExist'),
  });
  const record = { receiptHandle: 'x', attributes: { ApproximateReceiveCount: '1' } };
  const delivery = createDelivery(createSqsClient(), url.replace('StreamImageQueue', 'nobody'), record);
  await expect(delivery.hideFor(1)).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringMatching('^Failed to hide a message of queue nobody: QueueDoesNotExist'),
  });
});
