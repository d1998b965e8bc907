import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { seemsModifiable } from '../../lib/imports/request/modifiable.ts';
import { callersToken } from '../../lib/openstack/credentials.ts';
import { createGlance, type Glance } from '../../lib/openstack/glance.ts';
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

const createBucket = async (Bucket: string): Promise<void> => {
  const s3 = new S3Client({ forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket })).catch((error: Error) => {
    if (!error.name.startsWith('BucketAlready')) throw error;
  });
  s3.destroy();
};

export const startRealCloud = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-bench-'));
  const token = await tokenOf(account('OS_'));
  const [region, sourceRegion] = [setting('OS_REGION_NAME'), setting('SOURCE_REGION')];
  const endpoints = {
    source: await imageEndpoint(token, sourceRegion),
    target: await imageEndpoint(token, region),
  };
  const source = glanceClient(endpoints.source, token);
  const target = glanceClient(endpoints.target, token);
  await createBucket(setting('RELAY_BUCKET'));
  const options = { openrc: setting('OPENRC'), region };
  const started = await startForRealCloud(options, dataDir);
  const env: Readonly<Record<string, string>> = started.env;
  const sqs = sqsClient(env);
  const created = new Set<string>();

  const http = createOpenStackHttp({ stallMs: 60_000 });
  const glanceAt = (endpoint: string): Glance => createGlance(endpoint, callersToken(token as Token), http);
  const [sourceGlance, targetGlance] = [glanceAt(endpoints.source), glanceAt(endpoints.target)];

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
    env: { ...env, POWERTOOLS_LOG_LEVEL: 'CRITICAL', POWERTOOLS_METRICS_DISABLED: 'true' },
    dataDir,
    /** An active image of the source's region with the bytes of a file. */
    newSource: async (file: string): Promise<string> => {
      const { id } = await source.create({ name: 'glance-ferry benchmark', ...formats });
      created.add(`${endpoints.source}/v2/images/${id}`);
      await source.upload(id, file);
      return id;
    },
    /** A queued one of the target's. */
    newTarget: async (): Promise<string> => {
      const { id } = await target.create({ name: 'glance-ferry benchmark', ...formats });
      created.add(`${endpoints.target}/v2/images/${id}`);
      return id;
    },
    removeTarget: (id: string) => remove(`${endpoints.target}/v2/images/${id}`),
    /** The event of our POST import. */
    importEvent: (sourceId: string, targetId: string) =>
      httpEvent({ method: 'POST', imageId: targetId, token, body: bodyOf(sourceId) }),
    /** Upstream's own POST import. @returns its status: 202, or 500 where its database had a deadlock */
    upstreamImport: async (
      sourceId: string,
      targetId: string,
      stores?: readonly string[],
    ): Promise<number> => {
      const json = { ...bodyOf(sourceId), ...(stores && { stores }) };
      const url = `${endpoints.target}/v2/images/${targetId}/import`;
      return (await ask('POST', url, { token, json })).status;
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
    untilActive: async (id: string, patienceS = 600): Promise<void> => {
      for (const end = Date.now() + 1000 * patienceS; Date.now() < end; await delay(250))
        if ((await target.show(id)).status === 'active') return;
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
