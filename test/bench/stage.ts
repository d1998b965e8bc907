import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteItemCommand, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { sqsEvent } from '../../worker/sqs-event.ts';
import { startAws } from '../cloud/aws/aws.ts';
import { onAllInterfaces } from '../cloud/openstack/keystone/catalog.ts';
import { startOpenStack } from '../cloud/openstack/openstack.ts';
import { httpEvent } from '../integration/lambda.ts';
import { startFunction } from './measured-function.ts';

type Env = Readonly<Record<string, string>>;

const localSettings = {
  OS_REGION_NAME: 'REGION2',
  OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: '127.0.0.1',
  OS_DEFAULT__IMAGE_SIZE_CAP: `${2 * 1024 ** 4}`,
  POWERTOOLS_LOG_LEVEL: 'CRITICAL',
  POWERTOOLS_METRICS_DISABLED: 'true',
};

/** Region of the catalog whose Glance the benchmark brings. */
const sourceRegion = 'SOURCE';

/** @throws Error unless a function has answered 201 */
export const requireCreated = (answer: unknown): void => {
  if ((answer as { statusCode?: number }).statusCode !== 201) throw new Error(JSON.stringify(answer));
};

const local = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };

/** A client of the emulated SQS, whatever this process's own environment says. */
export const sqsClient = (env: Env): SQSClient =>
  new SQSClient({ endpoint: env['AWS_ENDPOINT_URL_SQS'] ?? '', ...local });

/** Removes all copies: the next import of a source that was asked for before begins one, and shares none. */
const forgetCopies = async (client: DynamoDBClient, TableName: string): Promise<void> => {
  const copies = {
    FilterExpression: '#item = :copy',
    ExpressionAttributeNames: { '#item': 'item' },
    ExpressionAttributeValues: { ':copy': { S: 'copy' } },
  };
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ...copies }))
    for (const { subject, item } of Items)
      if (subject && item) await client.send(new DeleteItemCommand({ TableName, Key: { subject, item } }));
};

/** @returns the queue's next message, as Lambda hands it to a function, and its end. @throws Error when none comes */
export const nextEvent = async (sqs: SQSClient, QueueUrl: string) => {
  const asked = { QueueUrl, WaitTimeSeconds: 5, MessageSystemAttributeNames: ['All' as const] };
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(asked));
  const [message] = Messages;
  if (!message) throw new Error(`no message in ${QueueUrl}`);
  return {
    event: sqsEvent([message], `arn:aws:sqs:us-east-1:000000000000:${QueueUrl.split('/').at(-1)}`),
    done: () => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle })),
  };
};

/** Settings over those of the local cloud, which are given: AWS_ENDPOINT_URL_S3 for a sink, … */
export type Overrides = (env: Env) => Env | Promise<Env>;

/**
 * The emulated cloud around functions that run in processes of their own. It does what is small (Keystone, the target's
 * Glance, SQS, DynamoDB) in this process; source and object store are the benchmark's.
 * @param sourceUrl of the Glance that images come from; the emulated one of REGION1 when absent
 */
export const startStage = async (sourceUrl?: string, overrides: Overrides = () => ({})) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-bench-'));
  const openstack = await startOpenStack({ dataDir, tokenLifetimeS: 24 * 3600 });
  openstack.keystone.addEndpoints(
    onAllInterfaces('image', sourceRegion, sourceUrl ?? openstack.regions.REGION1.url),
  );
  const aws = await startAws({ dataDir });
  const given: Env = { ...localSettings, ...aws.env, OS_AUTH_URL: openstack.authUrl };
  const env: Env = { ...given, ...(await overrides(given)) };
  const importImage = startFunction('import-image', env);
  const sqs = sqsClient(env);
  const dynamodb = new DynamoDBClient({ endpoint: given['AWS_ENDPOINT_URL_DYNAMODB'] ?? '', ...local });
  const token = openstack.issueToken('demo');

  /** The event of POST /v2/images/{id}/import, for a new target. */
  const importEvent = async (glance_image_id: string) => {
    const { id } = await openstack.regions.REGION2.createImage({ name: 'copy' });
    const body = { method: { name: 'glance-download', glance_region: sourceRegion, glance_image_id } };
    return httpEvent({ method: 'POST', imageId: id, token, body });
  };

  /** POSTs it, as the first import of its source. */
  const requestImport = async (sourceId: string): Promise<void> => {
    await forgetCopies(dynamodb, aws.tableName);
    requireCreated((await importImage.invoke(await importEvent(sourceId))).result);
  };

  return {
    env,
    aws,
    openstack,
    token,
    importEvent,
    requestImport,
    /** The next message for a function. */
    nextEvent: (queue: 'STREAM_IMAGE' | 'APPLY_METADATA') => nextEvent(sqs, env[`${queue}_QUEUE_URL`] ?? ''),
    stop: async () => {
      await importImage.stop();
      for (const client of [sqs, dynamodb]) client.destroy();
      await Promise.all([openstack.stop(), aws.stop()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export type Stage = Awaited<ReturnType<typeof startStage>>;
