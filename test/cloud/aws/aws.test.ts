import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalAws, startAws } from './aws.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
let dataDir: string;
let aws: LocalAws;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'local-aws-'));
  aws = await startAws({ dataDir, region, visibilityS: 1 });
});

afterAll(async () => {
  await aws.stop();
  await rm(dataDir, { recursive: true });
});

describe('the local AWS', () => {
  test('gives the functions the names of what serverless.yml asks for', () => {
    expect(Object.keys(aws.queues)).toEqual([
      'StreamImageQueue',
      'ApplyMetadataQueue',
      'FailImportQueue',
      'FailImportDeadQueue',
      'ReplicateImageQueue',
      'ReplicateImageDeadQueue',
    ]);
    expect(aws.env).toMatchObject({
      IMPORTS_TABLE: aws.tableName,
      RELAY_BUCKET: aws.bucketName,
      STREAM_IMAGE_QUEUE_URL: aws.queues['StreamImageQueue']?.url,
      APPLY_METADATA_QUEUE_URL: aws.queues['ApplyMetadataQueue']?.url,
      FAIL_IMPORT_QUEUE_URL: aws.queues['FailImportQueue']?.url,
    });
  });

  test('says which service has no port when it is in use', async () => {
    const port = Number(new URL(aws.endpoints.s3).port);
    await expect(startAws({ dataDir, ports: { s3: port } })).rejects.toThrow(
      `S3 cannot listen on 127.0.0.1:${port}`,
    );
  });
});

describe('a queue', () => {
  const sqs = () => new SQSClient({ region, credentials, endpoint: aws.endpoints.sqs });
  const receive = async (QueueUrl: string | undefined) => {
    const asked = new ReceiveMessageCommand({
      QueueUrl,
      WaitTimeSeconds: 3,
      MessageSystemAttributeNames: ['All'],
    });
    return (await sqs().send(asked)).Messages?.[0];
  };

  test('hands a message out again until it goes to the dead letters', async () => {
    const QueueUrl = aws.queues['StreamImageQueue']?.url;
    const { MessageId } = await sqs().send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
    for (const count of ['1', '2', '3', '4', '5']) {
      const message = await receive(QueueUrl);
      expect(message?.Attributes?.['ApproximateReceiveCount']).toBe(count);
      const now = { QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 };
      await sqs().send(new ChangeMessageVisibilityCommand(now));
    }
    await sqs().send(new ReceiveMessageCommand({ QueueUrl }));
    expect((await receive(aws.queues['FailImportQueue']?.url))?.MessageId).toBe(MessageId);
  });

  test('takes its visibility from the caller where serverless.yml would wait for 15 minutes', async () => {
    const QueueUrl = aws.queues['ApplyMetadataQueue']?.url;
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] });
    expect((await sqs().send(asked)).Attributes).toEqual({ VisibilityTimeout: '1' });
  });
});

describe('SQS by forms, as older clients speak it', () => {
  const ask = async (fields: Readonly<Record<string, string>>) => {
    const answer = await fetch(aws.endpoints.sqs, { method: 'POST', body: new URLSearchParams(fields) });
    return { status: answer.status, xml: await answer.text() };
  };
  const within = (xml: string, element: string) =>
    new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];

  test('makes a queue, takes a message and hands it out, escaped, until it is deleted', async () => {
    const made = await ask({ Action: 'CreateQueue', QueueName: 'forms' });
    const QueueUrl = within(made.xml, 'QueueUrl') ?? '';
    expect(QueueUrl).toBe(`${aws.endpoints.sqs}/000000000000/forms`);
    const { xml: sent } = await ask({ Action: 'SendMessage', QueueUrl, MessageBody: '{"a": "<b>"}' });
    const asked = { Action: 'ReceiveMessage', QueueUrl, WaitTimeSeconds: '1', 'AttributeName.1': 'All' };
    const { xml: got } = await ask(asked);
    expect(within(got, 'MessageId')).toBe(within(sent, 'MessageId'));
    expect(within(got, 'Body')).toBe('{&quot;a&quot;: &quot;&lt;b&gt;&quot;}');
    expect(got).toContain('<Name>ApproximateReceiveCount</Name><Value>1</Value>');
    await ask({ Action: 'DeleteMessage', QueueUrl, ReceiptHandle: within(got, 'ReceiptHandle') ?? '' });
    const counts = { 'AttributeName.1': 'ApproximateNumberOfMessagesNotVisible' };
    const { xml: left } = await ask({ Action: 'GetQueueAttributes', QueueUrl, ...counts });
    expect(left).toContain('<Value>0</Value>');
    expect((await ask({ Action: 'ListQueues' })).xml).toContain(`<QueueUrl>${QueueUrl}</QueueUrl>`);
    await ask({ Action: 'DeleteQueue', QueueUrl });
  });

  test('refuses what is not there', async () => {
    const { status, xml } = await ask({ Action: 'GetQueueUrl', QueueName: 'none' });
    expect([status, within(xml, 'Code')]).toEqual([400, 'QueueDoesNotExist']);
  });
});

describe('the table', () => {
  const dynamodb = () => new DynamoDBClient({ region, credentials, endpoint: aws.endpoints.dynamodb });
  const key = (item: string) => ({ subject: { S: 'image' }, item: { S: item } });

  test('refuses a conditional write whose condition does not hold', async () => {
    const claim = new PutItemCommand({
      TableName: aws.tableName,
      Item: key('claim'),
      ConditionExpression: 'attribute_not_exists(subject)',
    });
    await dynamodb().send(claim);
    await expect(dynamodb().send(claim)).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
  });

  test('adds, sets what is not set yet, and returns what it was', async () => {
    const update = new UpdateItemCommand({
      TableName: aws.tableName,
      Key: key('task#1'),
      UpdateExpression: 'SET startedAt = if_not_exists(startedAt, :now) ADD tries :one',
      ExpressionAttributeValues: { ':now': { S: 'now' }, ':one': { N: '1' } },
      ReturnValues: 'ALL_NEW',
    });
    await dynamodb().send(update);
    const { Attributes } = await dynamodb().send(update);
    expect(Attributes).toMatchObject({ startedAt: { S: 'now' }, tries: { N: '2' } });
  });

  test('lists the items whose name begins with something, in order', async () => {
    for (const item of ['part#1#00002', 'part#1#00001', 'part#2#00001']) {
      await dynamodb().send(new PutItemCommand({ TableName: aws.tableName, Item: key(item) }));
    }
    const { Items } = await dynamodb().send(
      new QueryCommand({
        TableName: aws.tableName,
        KeyConditionExpression: 'subject = :subject AND begins_with(#item, :prefix)',
        ExpressionAttributeNames: { '#item': 'item' },
        ExpressionAttributeValues: { ':subject': { S: 'image' }, ':prefix': { S: 'part#1#' } },
      }),
    );
    expect(Items?.map((item) => item['item']?.S)).toEqual(['part#1#00001', 'part#1#00002']);
  });

  test('refuses an item of more than 400 KB, as the real one does', async () => {
    const Item = { subject: { S: 'large' }, item: { S: 'claim' }, text: { S: 'x'.repeat(400 * 1024) } };
    const put = dynamodb().send(new PutItemCommand({ TableName: aws.tableName, Item }));
    await expect(put).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Item size has exceeded the maximum allowed size',
    });
  });

  test('knows no transactions, so nothing here may need them', async () => {
    const transaction = new TransactWriteItemsCommand({ TransactItems: [] });
    await expect(dynamodb().send(transaction)).rejects.toThrow();
  });
});
