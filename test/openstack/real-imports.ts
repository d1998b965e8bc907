import { randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { ferryClient, type Task } from '../cloud/commands/ferry.ts';
import { glanceClient, type Image } from '../cloud/commands/glance.ts';
import { startForRealCloud } from '../cloud/commands/real-cloud.ts';
import { startFunctions } from '../cloud/offline/serverless-offline.ts';
import { ask } from '../contract/client.ts';
import { account, imageEndpoint, setting, tokenOf } from './account.ts';

const MiB = 1024 ** 2;
const name = 'glance-ferry test';

/** Bytes of nobody in a file. @returns its path */
export const randomFile = async (file: string, mebibytes: number): Promise<string> => {
  const pieces = function* () {
    for (let piece = 0; piece < mebibytes; piece += 1) yield randomFillSync(Buffer.alloc(MiB));
  };
  await pipeline(Readable.from(pieces()), createWriteStream(file));
  return file;
};

const createBucket = async (s3: S3Client): Promise<void> => {
  await s3.send(new CreateBucketCommand({ Bucket: setting('RELAY_BUCKET') })).catch((error: Error) => {
    if (!error.name.startsWith('BucketAlready')) throw error;
  });
};

/**
 * The functions under serverless-offline between the real regions that the environment names; see the tests' heads.
 * @param settings of the functions, over the environment's
 * @param serviceUser an application credential for X-Service-Token, as the functions find it in Secrets Manager
 */
export const startRealImports = async (
  settings: Readonly<Record<string, string>> = {},
  serviceUser?: { readonly id: string; readonly secret: string },
) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-openstack-'));
  const token = await tokenOf(account('OS_'));
  const [sourceRegion, region] = [setting('SOURCE_REGION'), setting('OS_REGION_NAME')];
  const endpoints = {
    source: await imageEndpoint(token, sourceRegion),
    target: await imageEndpoint(token, region),
  };
  const [source, target] = [glanceClient(endpoints.source, token), glanceClient(endpoints.target, token)];
  const s3 = new S3Client({ forcePathStyle: true, region: process.env['AWS_REGION'] ?? 'us-east-1' });
  await createBucket(s3);
  const options = { openrc: setting('OPENRC'), region };
  const aws = await startForRealCloud(options, dataDir);
  const OS_APPLICATION_CREDENTIAL_SECRET_ARN =
    'arn:aws:secretsmanager:us-east-1:000000000000:secret:service-user';
  const { id, secret } = serviceUser ?? {};
  aws.secrets.set(OS_APPLICATION_CREDENTIAL_SECRET_ARN, JSON.stringify({ id, secret }));
  const withUser = serviceUser ? { OS_APPLICATION_CREDENTIAL_SECRET_ARN } : {};
  const env: Readonly<Record<string, string>> = { ...aws.env, ...settings, ...withUser };
  const functions = await startFunctions({ env, dataDir });
  const created: { readonly url: string; readonly token: string }[] = [];

  /** A queued image that is deleted in the end. */
  const create = async (endpoint: string, record: object, owner = token): Promise<Image> => {
    const image = await glanceClient(endpoint, owner).create({ name, ...record });
    created.push({ url: `${endpoint}/v2/images/${image.id}`, token: owner });
    return image;
  };

  return {
    dataDir,
    token,
    endpoints,
    source,
    target,
    functions,
    /** Of the functions. */
    env,
    secrets: aws.secrets,
    create,
    newSource: async (record: object, file: string): Promise<Image> => {
      const image = await create(endpoints.source, { container_format: 'bare', ...record });
      await source.upload(image.id, file);
      return await source.show(image.id);
    },
    newTarget: (record: object = {}): Promise<Image> => create(endpoints.target, record),
    /** One import from its request to its end. @param from the region of the source */
    importFrom: async (sourceId: string, targetId: string, from = sourceRegion): Promise<Task> => {
      const ferry = ferryClient(functions.url, token);
      await ferry.importImage(targetId, {
        name: 'glance-download',
        glance_region: from,
        glance_image_id: sourceId,
      });
      let last: Task = { id: '', status: 'pending', message: '' };
      for await (last of ferry.progress(targetId, 500));
      return last;
    },
    /** How many objects copies have left in the relay bucket. */
    left: async (): Promise<number> => {
      const listed = { Bucket: setting('RELAY_BUCKET'), Prefix: 'copies/' };
      return (await s3.send(new ListObjectsV2Command(listed))).KeyCount ?? 0;
    },
    stop: async () => {
      for (const { url, token: owner } of created) await ask('DELETE', url, { token: owner });
      await functions.stop();
      await aws.stop();
      s3.destroy();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export type RealImports = Awaited<ReturnType<typeof startRealImports>>;
