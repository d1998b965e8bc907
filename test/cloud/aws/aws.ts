import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type Blueprint, readBlueprint, refOf, resourcesOf } from './blueprint.ts';
import { credentials } from './credentials.ts';
import { createTables, startDynamoDb } from './dynamodb.ts';
import { startEvents } from './events/events.ts';
import { rulesOf } from './events/rules.ts';
import type { LocalEvents } from './events/server.ts';
import type { S3Faults } from './s3/faults.ts';
import { startS3 } from './s3/server.ts';
import { createSecrets, type SecretStore, startSecretsManager } from './secrets.ts';
import type { AwsPorts, AwsSettings } from './settings.ts';
import { createQueues, type LocalQueue, startSqs } from './sqs.ts';

export interface LocalAws {
  readonly endpoints: Readonly<Record<keyof AwsPorts, string>>;
  /** What the functions, and an SDK in a test, need to work with it. */
  readonly env: Readonly<Record<string, string>>;
  /** By logical id in serverless.yml, the dead-letter queues too. */
  readonly queues: Readonly<Record<string, LocalQueue>>;
  readonly tableName: string;
  readonly bucketName: string;
  /** Lets requests to S3 fail. */
  readonly s3Faults: S3Faults;
  /** Where a test rotates a secret. */
  readonly secrets: SecretStore;
  /** What has come to the event buses; lets requests to them fail. */
  readonly events: LocalEvents;
  stop(): Promise<void>;
}

export interface StartAwsOptions extends Omit<AwsSettings, 'ports' | 'region'> {
  readonly ports?: Partial<AwsPorts>;
  readonly region?: string;
}

/** Bucket names are lower case. */
const bucketNameOf = (logicalId: string) =>
  logicalId.replace(/[A-Z]/g, (letter, at) => (at === 0 ? '' : '-') + letter.toLowerCase());

async function createBuckets(s3: S3Client, blueprint: Blueprint): Promise<Record<string, string>> {
  const names = resourcesOf(blueprint, 'AWS::S3::Bucket').map(([id]) => [id, bucketNameOf(id)]);
  for (const [, Bucket] of names) {
    // A data directory that was used before still has its bucket.
    await s3.send(new CreateBucketCommand({ Bucket })).catch((error) => {
      if (error.name !== 'BucketAlreadyOwnedByYou') throw error;
    });
  }
  return Object.fromEntries(names);
}

/** Variables of the functions that are a `!Ref` to one of our resources, such as IMPORTS_TABLE. */
function referencesOf({ functions }: Blueprint, physicalIds: Readonly<Record<string, string>>) {
  const variables = Object.values(functions).flatMap((plan) => Object.entries(plan.environment ?? {}));
  const resolved = variables.map(([name, value]) => [name, physicalIds[refOf(value) ?? '']]);
  return Object.fromEntries(resolved.filter(([, id]) => id !== undefined)) as Record<string, string>;
}

const only = (names: readonly string[], what: string): string => {
  const [name] = names;
  if (name === undefined || names.length > 1)
    throw new Error(`serverless.yml should have one ${what}, not ${names.length}`);
  return name;
};

async function createResources(
  blueprint: Blueprint,
  settings: AwsSettings,
  endpoints: LocalAws['endpoints'],
  secrets: SecretStore,
) {
  const { region } = settings;
  const sqs = new SQSClient({ region, credentials, endpoint: endpoints.sqs });
  const dynamodb = new DynamoDBClient({ region, credentials, endpoint: endpoints.dynamodb });
  const s3 = new S3Client({ region, credentials, endpoint: endpoints.s3, forcePathStyle: true });
  try {
    const queues = await createQueues(sqs, blueprint, { ...settings, endpoint: endpoints.sqs });
    const tables = await createTables(dynamodb, blueprint);
    const buckets = await createBuckets(s3, blueprint);
    const secretArns = createSecrets(secrets, blueprint, region);
    const queueUrls = Object.fromEntries(Object.entries(queues).map(([id, { url }]) => [id, url]));
    const tableNames = Object.fromEntries(tables.map((name) => [name, name]));
    return {
      queues,
      tableName: only(tables, 'table'),
      bucketName: only(Object.values(buckets), 'bucket'),
      references: referencesOf(blueprint, { ...queueUrls, ...tableNames, ...buckets, ...secretArns }),
    };
  } finally {
    for (const client of [sqs, dynamodb, s3]) client.destroy();
  }
}

/**
 * Starts SQS, S3, DynamoDB, Secrets Manager and EventBridge on 127.0.0.1, with the queues, redrive, table, bucket, secrets
 * and rules of serverless.yml.
 * @param options.visibilityS seconds for all queues; default LOCAL_VISIBILITY_S, else what serverless.yml says
 * @throws Error that names the service if a port is in use
 */
export async function startAws(options: StartAwsOptions): Promise<LocalAws> {
  const visibilityS = options.visibilityS ?? (Number(process.env['LOCAL_VISIBILITY_S']) || undefined);
  const ports = { sqs: 0, s3: 0, dynamodb: 0, secretsManager: 0, eventBridge: 0, ...options.ports };
  const settings: AwsSettings = { region: 'us-east-1', ...options, ports, visibilityS };
  const blueprint = readBlueprint();
  const s3Dir = join(settings.dataDir, 's3');
  await mkdir(s3Dir, { recursive: true });

  const services: { stop(): Promise<void> }[] = [];
  const stop = async () => void (await Promise.all(services.map((service) => service.stop())));
  const started = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const service = await starting;
    services.push(service);
    return service;
  };
  try {
    const sqs = await started(startSqs(settings));
    const s3 = await started(startS3({ dataDir: s3Dir, port: ports.s3, ...options.s3Limits }));
    const dynamodb = await started(startDynamoDb(ports.dynamodb));
    const secretsManager = await started(startSecretsManager(ports.secretsManager));
    const { secrets } = secretsManager;
    const eventBridge = await started(startEvents(rulesOf(blueprint), { ...settings, sqs: sqs.endpoint }));
    const endpoints = {
      sqs: sqs.endpoint,
      s3: s3.endpoint,
      dynamodb: dynamodb.endpoint,
      secretsManager: secretsManager.endpoint,
      eventBridge: eventBridge.endpoint,
    };
    const { references, ...resources } = await createResources(blueprint, settings, endpoints, secrets);
    const env = {
      AWS_REGION: settings.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_SQS: endpoints.sqs,
      AWS_ENDPOINT_URL_S3: endpoints.s3,
      AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
      AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.eventBridge,
      ...references,
    };
    const { events } = eventBridge;
    return { endpoints, env, ...resources, s3Faults: s3.faults, secrets, events, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
