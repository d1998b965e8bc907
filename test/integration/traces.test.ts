import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalAws, startAws } from '../cloud/aws/aws.ts';
import { createTraces } from './traces.ts';

// What tests look for leftovers with must see all of them.

let aws: LocalAws;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'traces-'));
  aws = await startAws({ dataDir });
  Object.assign(process.env, aws.env);
});
afterAll(async () => {
  await aws.stop();
  await rm(dataDir, { recursive: true });
});

test('a message that is delayed counts', async () => {
  const [[name = '', queue]] = Object.entries(aws.queues) as [[string, LocalAws['queues'][string]]];
  const sqs = new SQSClient({});
  await sqs.send(new SendMessageCommand({ QueueUrl: queue?.url, MessageBody: '{}', DelaySeconds: 60 }));
  expect((await createTraces(aws).messages())[name]).toBe(1);
  sqs.destroy();
});

test('items are read to the last page: one has 1 MB at most', async () => {
  const dynamodb = new DynamoDBClient({});
  const big = 'x'.repeat(350_000);
  const names = ['1', '2', '3', '4', '5'];
  for (const item of names) {
    const Item = marshall({ subject: 'image', item, big });
    await dynamodb.send(new PutItemCommand({ TableName: aws.tableName, Item }));
  }
  expect((await createTraces(aws).items()).map(({ item }) => item)).toEqual(names);
  dynamodb.destroy();
});
