import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { taskKey } from '../../lib/aws/state/keys.ts';
import type { Item } from '../../lib/aws/table.ts';
import type { ImageId, RegionName, TaskId } from '../../lib/schemas/ids.ts';
import type { Task } from '../../lib/state/task.ts';
import { bundle } from '../bench/bundles.ts';
import { startAws } from '../cloud/aws/aws.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { startOpenStack } from '../cloud/openstack/openstack.ts';
import { httpEvent, lambdaContext } from '../integration/lambda.ts';
import { loadHandler, queueFunctions } from '../integration/pollers.ts';
import { createTraces } from '../integration/traces.ts';

export type Env = Readonly<Record<string, string>>;

const localSettings: Env = {
  OS_REGION_NAME: 'REGION2',
  OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: '127.0.0.1',
  HEARTBEAT_S: '5',
  RETRY_DELAY_S: '1',
  POWERTOOLS_LOG_LEVEL: 'CRITICAL',
  POWERTOOLS_METRICS_DISABLED: 'true',
};

/** An import that was asked for. */
export interface Requested {
  readonly source: ImageView;
  readonly targetId: string;
  readonly taskId: string;
}

/** Key of an import's task. */
const keyOf = ({ targetId, taskId }: Requested) =>
  marshall(
    taskKey({
      region: localSettings['OS_REGION_NAME'] as RegionName,
      imageId: targetId as ImageId,
      taskId: taskId as TaskId,
    }),
  );

const messageCounts = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/**
 * The emulated OpenStack and AWS in this process, which also answers the HTTP API; the queues' functions are bundled, to
 * be run by others. Once per process: the handler reads its settings when it is loaded.
 */
export const startLoadCloud = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-load-'));
  const openstack = await startOpenStack({
    dataDir,
    tokenLifetimeS: 24 * 3600,
    glance: { REGION2: { discardUploads: true } },
  });
  const aws = await startAws({ dataDir });
  const env: Env = { ...localSettings, ...aws.env, OS_AUTH_URL: openstack.authUrl };
  Object.assign(process.env, env);
  const { fileOf, remove } = await bundle([...queueFunctions, 'import-image']);
  const [dynamodb, sqs] = [new DynamoDBClient({}), new SQSClient({})];
  const traces = createTraces(aws);
  const importImage = await loadHandler('import-image');
  const inThisProcess = (event: unknown) => importImage(event, lambdaContext(29_000));
  const { REGION1, REGION2 } = openstack.regions;

  const items = async (): Promise<readonly Item[]> => {
    const found: Item[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const asked = { TableName: aws.tableName, ConsistentRead: true };
      const page = await dynamodb.send(
        new ScanCommand({
          ...asked,
          ...(ExclusiveStartKey && { ExclusiveStartKey: ExclusiveStartKey as never }),
        }),
      );
      found.push(...(page.Items ?? []).map((item) => unmarshall(item)));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return found;
  };

  /** Visible, hidden and delayed, of all queues. */
  const messages = async (): Promise<number> => {
    const counts = Object.values(aws.queues).map(async ({ url }) => {
      const asked = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...messageCounts] });
      const { Attributes = {} } = await sqs.send(asked);
      return messageCounts.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  };

  return {
    env,
    aws,
    openstack,
    fileOf,
    items,
    messages,
    /** The tasks of all imports, by id. */
    tasks: async (): Promise<ReadonlyMap<string, Task>> => {
      const found = (await items()).filter(({ item }) =>
        String(item).startsWith('task#'),
      ) as unknown as Task[];
      return new Map(found.map((task) => [task.taskId, task]));
    },
    /** The task of one import. */
    task: async (requested: Requested): Promise<Task | undefined> => {
      const key = { TableName: aws.tableName, Key: keyOf(requested) };
      const asked = new GetItemCommand({ ...key, ConsistentRead: true });
      const { Item: item } = await dynamodb.send(asked);
      return item && (unmarshall(item) as Task);
    },
    /** Deletes the task of an import. */
    forget: async (requested: Requested): Promise<void> => {
      await dynamodb.send(new DeleteItemCommand({ TableName: aws.tableName, Key: keyOf(requested) }));
    },
    /** An image of bytes that nobody has stored. @param mebibytes its size; @param seed tells images of a size apart */
    newSource: (mebibytes: number, seed = 1): Promise<ImageView> =>
      REGION1.madeUpImage(
        { disk_format: 'raw', container_format: 'bare', visibility: 'public' },
        { size: Math.ceil(mebibytes * 1024 ** 2), seed, checksum: false },
      ),
    /** A new target's import as its owner asks for it. @throws Error unless it is answered 201 */
    request: async (
      source: ImageView,
      user: 'demo' | 'other' = 'demo',
      invoke: (event: unknown) => Promise<unknown> = inThisProcess,
    ): Promise<Requested> => {
      const { id } = await REGION2.createImage({ name: 'copy', owner: user });
      const method = { name: 'glance-download', glance_region: 'REGION1', glance_image_id: source.id };
      const token = openstack.issueToken(user);
      const event = httpEvent({ method: 'POST', imageId: id, token, body: { method } });
      const answer = (await invoke(event)) as APIGatewayProxyStructuredResultV2;
      if (answer.statusCode !== 201) throw new Error(`${answer.statusCode}: ${answer.body}`);
      return { source, targetId: id, taskId: String(JSON.parse(answer.body ?? '{}').id) };
    },
    /** What imports that have ended must not leave. */
    left: async (): Promise<Readonly<Record<string, number>>> => {
      const { objects, uploads } = await traces.relay();
      const others = (await items()).filter(({ item }) => !String(item).startsWith('task#'));
      const counts = { uploads: uploads.length, objects: objects.length, 'table items': others.length };
      return { ...counts, messages: await messages() };
    },
    stop: async (): Promise<void> => {
      for (const client of [dynamodb, sqs]) client.destroy();
      await Promise.all([openstack.stop(), aws.stop(), remove()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export type LoadCloud = Awaited<ReturnType<typeof startLoadCloud>>;
