import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { seemsModifiable } from '../../lib/imports/access/modifiable.ts';
import { callersToken } from '../../lib/openstack/credentials.ts';
import { createGlance, type Glance } from '../../lib/openstack/glance/glance.ts';
import { createOpenStackHttp } from '../../lib/openstack/http.ts';
import type { ImageId, Token } from '../../lib/schemas/ids.ts';
import { glanceClient } from '../cloud/commands/glance.ts';
import { startForRealCloud } from '../cloud/commands/real-cloud.ts';
import { ask } from '../contract/client.ts';
import { httpEvent } from '../integration/lambda.ts';
import { account, imageEndpoint, setting, tokenOf } from '../openstack/account.ts';
import { nextEvent, sqsClient } from './stage.ts';

// A real OpenStack, as test/openstack/openstack-import.test.ts finds it: the same variables of the environment. The
// functions run in processes of their own; SQS and DynamoDB are emulated in this one.

const formats = { disk_format: 'raw', container_format: 'bare' };

/** Whether this machine has been told of a real OpenStack. */
export const hasRealCloud = (): boolean => Boolean(process.env['OPENRC']);

type Env = Readonly<Record<string, string>>;

const createBucket = async ({
  AWS_ENDPOINT_URL_S3: endpoint = '',
  RELAY_BUCKET: Bucket,
}: Env): Promise<void> => {
  const s3 = new S3Client({ endpoint, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket })).catch((error: Error) => {
    if (!error.name.startsWith('BucketAlready')) throw error;
  });
  s3.destroy();
};

/** A region's image service, and a client of it. */
export interface RealRegion {
  readonly name: string;
  readonly endpoint: string;
  readonly client: ReturnType<typeof glanceClient>;
}

const regionAt = async (token: string, name: string): Promise<RealRegion> => {
  const endpoint = await imageEndpoint(token, name);
  return { name, endpoint, client: glanceClient(endpoint, token) };
};

/**
 * A deployment beside it. With OTHER_REGION there is a second region for targets; where none is named it is
 * OS_REGION_NAME.
 * @param settings over those of the environment, for the functions
 */
export const startRealCloud = async (settings: Env = {}) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-bench-'));
  const token = await tokenOf(account('OS_'));
  /** Whose imports are asked for. */
  let importer = token;
  const [region, sourceRegion] = [setting('OS_REGION_NAME'), setting('SOURCE_REGION')];
  const source = await regionAt(token, sourceRegion);
  const own = await regionAt(token, region);
  const other = process.env['OTHER_REGION'] ? await regionAt(token, setting('OTHER_REGION')) : undefined;
  const options = { openrc: setting('OPENRC'), region };
  const started = await startForRealCloud(options, dataDir);
  const env: Env = { ...started.env, ...settings };
  await createBucket(env);
  const sqs = sqsClient(env);
  const created = new Set<string>();

  const http = createOpenStackHttp({ stallMs: 60_000 });
  const glanceAt = (endpoint: string): Glance => createGlance(endpoint, callersToken(token as Token), http);
  const [sourceGlance, targetGlance] = [glanceAt(source.endpoint), glanceAt(own.endpoint)];

  const bodyOf = (sourceId: string) => ({
    method: { name: 'glance-download', glance_region: sourceRegion, glance_image_id: sourceId },
  });
  /** Upstream refuses to delete an image whose import ends just now. */
  const remove = async (url: string): Promise<void> => {
    for (let tries = 0; tries < 20; tries += 1) {
      const { status } = await ask('DELETE', url, { token });
      if (status === 204 || status === 404) return void created.delete(url);
      await delay(500);
    }
    throw new Error(`${url} cannot be deleted`);
  };

  return {
    source,
    queues: started.queues,
    env: { ...env, POWERTOOLS_LOG_LEVEL: 'CRITICAL', POWERTOOLS_METRICS_DISABLED: 'true' },
    dataDir,
    /** OS_REGION_NAME, and OTHER_REGION where it is set. */
    targets: other ? [own, other] : [own],
    /** An active image of the source's region with the bytes of a file. */
    newSource: async (file: string): Promise<string> => {
      const { id } = await source.client.create({ name: 'glance-ferry benchmark', ...formats });
      created.add(`${source.endpoint}/v2/images/${id}`);
      await source.client.upload(id, file);
      return id;
    },
    /** A queued one of a target's. */
    newTarget: async ({ client, endpoint } = own): Promise<string> => {
      const { id } = await client.create({ name: 'glance-ferry benchmark', ...formats });
      created.add(`${endpoint}/v2/images/${id}`);
      return id;
    },
    removeTarget: (id: string, { endpoint } = own) => remove(`${endpoint}/v2/images/${id}`),
    /** From now on imports are asked for with another token: what it may reach is looked up anew. */
    renewToken: async (): Promise<void> => {
      importer = await tokenOf(account('OS_'));
    },
    /** The event of our POST import. */
    importEvent: (sourceId: string, imageId: string, at = own) =>
      httpEvent({ method: 'POST', region: at.name, imageId, token: importer, body: bodyOf(sourceId) }),
    /** Upstream's own POST import. @returns its status: 202, or 500 where its database had a deadlock */
    upstreamImport: async (
      sourceId: string,
      targetId: string,
      stores?: readonly string[],
      { endpoint } = own,
    ): Promise<number> => {
      const json = { ...bodyOf(sourceId), ...(stores && { stores }) };
      const url = `${endpoint}/v2/images/${targetId}/import`;
      return (await ask('POST', url, { token: importer, json })).status;
    },
    /** What our POST asks of both Glances, and nothing else. */
    glanceCalls: async (sourceId: string, targetId: string): Promise<void> => {
      const signal = AbortSignal.timeout(60_000);
      const id = targetId as ImageId;
      await Promise.all([
        targetGlance.image(id, { signal }),
        seemsModifiable(targetGlance, id, { signal }),
        sourceGlance.image(sourceId as ImageId, { signal }),
      ]);
    },
    /** Waits for it. @throws Error when the image does not become active */
    untilActive: async (id: string, { at = own, patienceS = 600 } = {}): Promise<void> => {
      for (const end = Date.now() + 1000 * patienceS; Date.now() < end; await delay(250))
        if ((await at.client.show(id)).status === 'active') return;
      throw new Error(`image ${id} did not become active in ${patienceS} s`);
    },
    nextEvent: (queue: 'STREAM_IMAGE' | 'APPLY_METADATA') => nextEvent(sqs, env[`${queue}_QUEUE_URL`] ?? ''),
    stop: async () => {
      for (const url of created) await remove(url);
      sqs.destroy();
      await http.small.close();
      await started.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export type RealCloud = Awaited<ReturnType<typeof startRealCloud>>;
