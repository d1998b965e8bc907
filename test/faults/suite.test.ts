import { DeleteItemCommand, DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { APIGatewayProxyEventV2, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimKey, taskKey } from '../../lib/aws/state/keys.ts';
import type { ImportMessage } from '../../lib/state/messages.ts';
import { type Bench, startBench } from './bench.ts';
import { pass } from './context.ts';
import type { Deployment, FunctionName, Handler } from './deployment.ts';
import { successes } from './imports-under-test.ts';
import { type Case, type Outcome, perform } from './one-run.ts';
import { idsIn } from './operations.ts';
import { otherRegion, targetGlance } from './regions.ts';
import { performReplication, undisturbed } from './replication-cases.ts';

// The faults suite is worth something only if it can fail: each double has a fault that the product must not have.

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

const oneStream = (): Case => {
  const kind = successes.find(({ name }) => name === 'one stream');
  if (!kind) throw new Error('there is no such kind');
  return { group: 'test', name: 'test', kind, ends: 'success', plan: () => ({ fateOf: () => pass }) };
};

/** Runs an import with a double in the place of one function. */
const withDouble = async (name: FunctionName, doubleOf: (real: Handler) => Handler): Promise<Outcome> => {
  const { functions } = bench.deployment;
  const standard = { ...functions.standard, [name]: doubleOf(functions.standard[name]) };
  const deployment: Deployment = { ...bench.deployment, functions: { ...functions, standard } };
  const rested = await perform({ ...bench, deployment }, oneStream());
  return await rested.judge();
};

const messageOf = (event: unknown): ImportMessage =>
  JSON.parse((event as SQSEvent).Records[0]?.body ?? '{}') as ImportMessage;

test('an import without any fault keeps every promise', async () => {
  const outcome = await withDouble('stream-image', (real) => real);
  expect(outcome).toMatchObject({ endings: ['succeeded'], broken: [] });
});

test('an upload that a function leaves open is found', async () => {
  const s3 = new S3Client({ forcePathStyle: true });
  const { bucketName: Bucket } = bench.deployment.cloud.aws;
  const outcome = await withDouble('apply-metadata', (real) => async (event, context) => {
    const answer = await real(event, context);
    await s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key: `copies/${messageOf(event).taskId}/left` }),
    );
    return answer;
  });
  expect(outcome.broken).toEqual([expect.stringMatching(/^an open upload of copies\/.* is left$/)]);
});

test('a task that says success before the target is active is found out, with what it leaves', async () => {
  const dynamodb = new DynamoDBClient({});
  const { tableName: TableName } = bench.deployment.cloud.aws;
  const outcome = await withDouble('apply-metadata', () => async (event) => {
    const ref = messageOf(event);
    const Key = marshall(taskKey(ref));
    const ended = {
      UpdateExpression: 'SET #status = :success REMOVE sealed',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: marshall({ ':success': 'success' }),
    };
    await dynamodb.send(new UpdateItemCommand({ TableName, Key, ...ended }));
    await dynamodb.send(new DeleteItemCommand({ TableName, Key: marshall(claimKey(ref)) }));
    return { batchItemFailures: [] };
  });
  expect(outcome.broken).toContain('the task says success, but status is "queued" instead of "active"');
  expect(outcome.broken).toContain('nobody was told that the import is in success');
  expect(outcome.broken).toContainEqual(expect.stringMatching(/^object copies\/.* is left$/));
});

test('a token in a log line is found', async () => {
  const outcome = await withDouble('import-image', (real) => async (event, context) => {
    process.stdout.write(`got ${JSON.stringify(event)}\n`);
    return await real(event, context);
  });
  expect(outcome.broken).toEqual(['a token stands in clear in a log line']);
});

test('a failure that was told of a success is found', async () => {
  const { eventBridge } = bench.deployment.cloud.aws.endpoints;
  const outcome = await withDouble('apply-metadata', (real) => async (event, context) => {
    const { taskId, imageId, region } = messageOf(event);
    const client = new EventBridgeClient({ endpoint: eventBridge });
    const Detail = JSON.stringify({ state: 'failure', task_id: taskId, image_id: imageId, region });
    await client.send(
      new PutEventsCommand({ Entries: [{ Source: 'double', DetailType: 'double', Detail }] }),
    );
    client.destroy();
    return await real(event, context);
  });
  expect(outcome.broken).toEqual(['failure was told of an import that is in success']);
});

test('an import that was accepted and has no task is found', async () => {
  const outcome = await withDouble('import-image', () => async () => ({ statusCode: 201 }));
  expect(outcome.broken).toEqual(['the request was accepted, and there is no task']);
});

test('a refusal that says it could not take back what it had begun, and has begun nothing, is none of them', async () => {
  const outcome = await withDouble('import-image', () => async (event) => {
    const { pathParameters } = event as APIGatewayProxyEventV2;
    process.stdout.write(`import not taken back: ${pathParameters?.['image_id']}\n`);
    return { statusCode: 503 };
  });
  expect(outcome).toMatchObject({ endings: ['refused'], broken: [] });
});

test('a second replica of the same source is found', async () => {
  const { deployment } = bench;
  const real = deployment.functions['service user'];
  let isMade = false;
  const doubled: Handler = async (event, context) => {
    const [ferry_source_id = ''] = idsIn((event as SQSEvent).Records[0]?.body ?? '');
    if (!isMade) await targetGlance(deployment, { region: otherRegion }).createImage({ ferry_source_id });
    isMade = true;
    return await real['replicate-image'](event, context);
  };
  const functions = { ...deployment.functions, 'service user': { ...real, 'replicate-image': doubled } };
  const one = await performReplication({ ...bench, deployment: { ...deployment, functions } }, undisturbed);
  expect(one.broken).toContain('without another event there are 2 replicas');
});
