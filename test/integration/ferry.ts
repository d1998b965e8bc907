import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type LocalAws, type StartAwsOptions, startAws } from '../cloud/aws/aws.ts';
import {
  type DefaultRegion,
  type OpenStack,
  type OpenStackOptions,
  startOpenStack,
} from '../cloud/openstack/openstack.ts';
import { httpEvent, lambdaContext, type RequestOptions } from './lambda.ts';
import { type EndsOfRuns, loadHandler, type QueueFunction, queueFunctions, startPollers } from './pollers.ts';
import { createTraces, type Traces } from './traces.ts';

type HttpFunction = 'import-image' | 'list-tasks' | 'cancel-import' | 'discovery';

/** An answer of an HTTP function. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** The body parsed; an empty object for one that is not JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface TaskShown {
  readonly id: string;
  readonly status: string;
  readonly message: string;
  readonly [key: string]: unknown;
}

/** The functions' handlers in this process, between the emulated OpenStack and the emulated AWS. */
export interface Ferry<Region extends string = DefaultRegion> {
  readonly openstack: OpenStack<Region>;
  readonly aws: LocalAws;
  readonly traces: Traces;
  /** Calls an HTTP function. */
  http(name: HttpFunction, options: RequestOptions): Promise<Answer>;
  /** POST /v2/images/{id}/import for a glance-download from REGION1. */
  importFrom(sourceId: string, targetId: string, token: string): Promise<Answer>;
  /** Invokes a function with an event as it is. @param timeoutMs what it has left when it starts; 15 minutes when absent */
  invoke(name: QueueFunction, event: unknown, timeoutMs?: number): Promise<unknown>;
  /** Runs sweep-imports. @returns what it has done */
  sweep(): Promise<unknown>;
  /** Kills a function's processes, as a crash would. */
  kill(name: QueueFunction): Promise<void>;
  /** An image's tasks as GET /v2/images/{id}/tasks shows them. */
  tasks(imageId: string, token: string, region?: string): Promise<readonly TaskShown[]>;
  /** Lets the queues' functions work until the image's last task has ended. */
  finished(imageId: string, token: string, region?: string): Promise<TaskShown>;
  stop(): Promise<void>;
}

export interface FerryOptions<Region extends string = DefaultRegion> {
  /** Settings of the functions, beside those of the local cloud. */
  readonly env?: Readonly<Record<string, string>>;
  readonly openstack?: Partial<OpenStackOptions<Region>>;
  readonly aws?: Partial<StartAwsOptions>;
  /** The queues' functions run in processes of their own, which can be killed; default false. */
  readonly ownProcesses?: boolean;
  /** What tells the runs of a function in this process that their time has ended. */
  readonly endOfRun?: EndsOfRuns;
  /** Takes the functions' REPORT lines, where they run in processes of their own. */
  readonly report?: (line: string) => void;
  /** How long `finished` waits at most, s; default 90. */
  readonly patienceS?: number;
  /** Whether replicate-image reads its queue as well; default false. */
  readonly replication?: boolean;
  /** Functions whose queues nobody reads. */
  readonly idle?: readonly QueueFunction[];
}

/** A cloud on one machine: small waits, and hosts on the loopback may be downloaded from. */
export const localSettings = {
  OS_REGION_NAME: 'REGION2',
  OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: '127.0.0.1',
  // A lease lasts for two and a half of them: on a busy machine a second is not much.
  HEARTBEAT_S: '4',
  TOKEN_CACHE_S: '0',
  RETRY_DELAY_S: '0',
  SOURCE_RETRIES: '2',
  SOURCE_RETRY_DELAY_MS: '1',
};

const answerOf = (result: APIGatewayProxyStructuredResultV2): Answer => {
  const { statusCode = 0, headers = {}, body = '' } = result;
  const isJson = headers['content-type'] === 'application/json';
  return { status: statusCode, headers, body, json: isJson ? JSON.parse(body) : {} };
};

/** Calls an HTTP function in this process, which reads its settings when it is loaded. */
export const callHttp: Ferry['http'] = async (name, request) => {
  const handler = await loadHandler(name);
  return answerOf(
    (await handler(
      httpEvent(name === 'discovery' ? { path: '/v2/info/import', ...request } : request),
      lambdaContext(request.timeoutMs),
    )) as APIGatewayProxyStructuredResultV2,
  );
};

/** Nothing is logged, but where somebody keeps it (test/print-log.ts). */
const logLevel = (ownProcesses: boolean): string =>
  (ownProcesses ? undefined : process.env['POWERTOOLS_LOG_LEVEL']) ?? 'CRITICAL';

/** Starts everything on free ports. Once per test file: the handlers read their settings when they are loaded. */
export const startFerry = async <const Region extends string = DefaultRegion>(
  options: FerryOptions<Region> = {},
): Promise<Ferry<Region>> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-'));
  const openstack = await startOpenStack<Region>({ dataDir, ...options.openstack });
  const aws = await startAws({ dataDir, ...options.aws });
  const ownProcesses = options.ownProcesses ?? false;
  const here = { OS_AUTH_URL: openstack.authUrl, POWERTOOLS_LOG_LEVEL: logLevel(ownProcesses) };
  Object.assign(process.env, localSettings, aws.env, here, options.env);
  const all: readonly QueueFunction[] = [
    ...queueFunctions,
    ...(options.replication ? (['replicate-image'] as const) : []),
  ];
  const read = all.filter((name) => !options.idle?.includes(name));
  const pollers = await startPollers(read, {
    ownProcesses,
    ...(options.report && { report: options.report }),
    ...(options.endOfRun && { endOfRun: options.endOfRun }),
  });

  const tasks: Ferry['tasks'] = async (imageId, token, region) => {
    const below = region === undefined ? {} : { region };
    const { json } = await callHttp('list-tasks', { method: 'GET', ...below, imageId, token });
    return json['tasks'] as TaskShown[];
  };

  const finished: Ferry['finished'] = async (imageId, token, region) => {
    const end = Date.now() + 1000 * (options.patienceS ?? 90);
    for (let pauseMs = 100; Date.now() < end; pauseMs += 10) {
      const last = (await tasks(imageId, token, region)).at(-1);
      if (last && ['success', 'failure'].includes(last.status)) return last;
      await delay(pauseMs); // what takes long need not be asked for so often
    }
    throw new Error(
      `the import of ${imageId} did not end: ${JSON.stringify(await tasks(imageId, token, region))}`,
    );
  };

  return {
    openstack,
    aws,
    traces: createTraces(aws),
    http: callHttp,
    importFrom: (sourceId, targetId, token) => {
      const method = { name: 'glance-download', glance_region: 'REGION1', glance_image_id: sourceId };
      return callHttp('import-image', { method: 'POST', imageId: targetId, token, body: { method } });
    },
    invoke: async (name, event, timeoutMs) => (await loadHandler(name))(event, lambdaContext(timeoutMs)),
    sweep: async () => (await loadHandler('sweep-imports'))({}, lambdaContext()),
    kill: (name) => pollers.kill(name),
    tasks,
    finished,
    stop: async () => {
      await pollers.stop();
      await Promise.all([openstack.stop(), aws.stop()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
