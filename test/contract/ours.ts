import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { startAws } from '../cloud/aws/aws.ts';
import { httpEvent, lambdaContext, type RequestOptions } from '../integration/lambda.ts';
import { loadHandler } from '../integration/pollers.ts';

/** Our HTTP functions, in this process, for a region of any cloud. Nobody reads their queues: no import ever runs. */
export interface Ours {
  /** @returns status and body, as Glance would answer */
  ask(
    name: 'import-image' | 'list-tasks' | 'cancel-import' | 'discovery',
    request: RequestOptions,
  ): Promise<Answered>;
  stop(): Promise<void>;
}

export interface Answered {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** Once per test file: the handlers read their settings when they are loaded. */
export async function startOurs(cloud: { readonly authUrl: string; readonly region: string }): Promise<Ours> {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-roles-'));
  const aws = await startAws({ dataDir });
  Object.assign(process.env, aws.env, {
    OS_AUTH_URL: cloud.authUrl,
    OS_REGION_NAME: cloud.region,
    POWERTOOLS_LOG_LEVEL: 'CRITICAL',
  });
  return {
    ask: async (name, request) => {
      const handler = await loadHandler(name);
      const { statusCode: status = 0, body = '' } = (await handler(
        httpEvent(name === 'discovery' ? { path: '/v2/info/import', ...request } : request),
        lambdaContext(30_000),
      )) as APIGatewayProxyStructuredResultV2;
      return { status, json: body === '' ? {} : JSON.parse(body) };
    },
    stop: async () => {
      await aws.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
