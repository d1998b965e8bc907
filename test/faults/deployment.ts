import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { type Cloud, startCloud } from '../cloud/cloud.ts';
import { applicationCredentials } from '../cloud/openstack/keystone/fixture.ts';
import { type OpenStack, startOpenStack } from '../cloud/openstack/openstack.ts';
import { startWebServer, type WebServer } from '../integration/web-server.ts';
import type { Service } from './call-log.ts';
import { startFaultServer } from './fault-server.ts';
import { interceptMachine } from './intercept.ts';
import { interceptAws } from './intercept-aws.ts';
import { interceptSockets } from './intercept-sockets.ts';
import { interceptUndici } from './intercept-undici.ts';
import {
  otherRegion,
  servedRegions,
  sourceGlance,
  sourceRegion,
  targetGlance,
  targetRegions,
} from './regions.ts';

export const functionNames = [
  ...(['import-image', 'stream-image', 'apply-metadata', 'fail-import', 'sweep-imports'] as const),
  ...(['cancel-import', 'replicate-image'] as const),
] as const;
export type FunctionName = (typeof functionNames)[number];
export type Handler = (event: unknown, context: Context) => Promise<unknown>;
export type Functions = Readonly<Record<FunctionName, Handler>>;

const serviceUserSecret = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:ServiceUser';
const cloudsSecret = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:Clouds';

/** Ways to deploy the functions. Each has handlers of its own, which read their settings when they are loaded. */
const settings = {
  standard: {},
  segments: { SEGMENT_SIZE_MIB: '5', SEGMENTS_AT_ONCE: '2' },
  'activation none': { ACTIVATION: 'none' },
  // One import of a project at a time: all others wait for its turn.
  crowded: { STREAM_CONCURRENCY: '100', APPLY_CONCURRENCY: '100', PROJECT_SHARE_PERCENT: '1' },
  // Of which imports with the deployment's own rights go between two clouds.
  'service user': {
    OS_APPLICATION_CREDENTIAL_SECRET_ARN: serviceUserSecret,
    CLOUDS_SECRET_ARN: cloudsSecret,
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
export type DeploymentName = keyof typeof settings;

/** Short waits: a message is hidden for 6 s at a time, so a death is noticed after so long. */
const common = {
  HEARTBEAT_S: '2',
  TOKEN_CACHE_S: '0',
  RETRY_DELAY_S: '0',
  // Runs do not wait for each other: what goes wrong is to happen where it was planned.
  STREAM_CONCURRENCY: '200',
  APPLY_CONCURRENCY: '200',
  SOURCE_RETRIES: '2',
  SOURCE_RETRY_DELAY_MS: '1',
  SOURCE_STALL_S: '3',
  PART_SIZE_MIB: '5',
  PARTS_IN_FLIGHT: '1',
  OS_TARGET_REGIONS: servedRegions.join(','),
  OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: '',
  EVENT_BUS_NAME: 'default',
  POWERTOOLS_LOG_LEVEL: 'INFO',
};
/** Seconds that a message is hidden before its function has said anything. */
const visibilityS = 5;
/** Of a day: what nobody comes for is swept at the end of all runs, which take an hour. */
const tokenLifetimeS = 86_400;

/** The emulated cloud with the functions in this process, and whatever is to go wrong between them. */
export interface Deployment {
  readonly cloud: Cloud<string>;
  readonly otherCloud: OpenStack<string>;
  /** Where a web-download finds its images. */
  readonly web: WebServer;
  readonly functions: Readonly<Record<DeploymentName, Functions>>;
  /** What must not be found anywhere in clear. */
  readonly secrets: readonly string[];
  stop(): Promise<void>;
}

/** @param start names it: a function that is started once more knows nothing of what it has known before */
const load = async (name: FunctionName, start: string): Promise<Handler> => {
  const file = new URL(`../../functions/${name}.ts`, import.meta.url);
  file.search = start.replaceAll(' ', '-');
  return ((await import(file.href)) as { handler: Handler }).handler;
};

const loadAll = async (
  deployment: DeploymentName,
  env: Readonly<Record<string, string>>,
): Promise<Functions> => {
  Object.assign(process.env, env, settings[deployment]);
  const entries: [FunctionName, Handler][] = [];
  for (const name of functionNames) entries.push([name, await load(name, deployment)]);
  for (const name of Object.keys(settings[deployment])) delete process.env[name];
  Object.assign(process.env, env);
  // One entry for each name of the list.
  return Object.fromEntries(entries) as Functions;
};

/** Functions that start anew at each invocation, by the environment as it is then: each asks for its secrets again. */
const startingAnew = (deployment: DeploymentName): Functions => {
  let starts = 0;
  const handlerOf =
    (name: FunctionName): Handler =>
    async (event, context) => {
      starts += 1;
      return await (await load(name, `${deployment}-${starts}`))(event, context);
    };
  // One entry for each name of the list.
  return Object.fromEntries(functionNames.map((name) => [name, handlerOf(name)])) as Functions;
};

/** An entry for the other cloud's region. @returns the text of the secret */
const createClouds = ({ aws }: Cloud<string>, { authUrl, keystone }: OpenStack<string>): string => {
  const [credential] = keystone.accounts.applicationCredentials.filter(({ user }) => user.name === 'demo');
  if (!credential) throw new Error('there is no credential of demo');
  const { id: application_credential_id, secret: application_credential_secret } = credential;
  const auth = { auth_url: authUrl, application_credential_id, application_credential_secret };
  const entry = { auth_type: 'v3applicationcredential', auth, region_name: otherRegion };
  aws.secrets.set(cloudsSecret, JSON.stringify({ clouds: { other: entry } }));
  return application_credential_secret;
};

/** @returns the text of the secret */
const createServiceUser = ({ aws }: Cloud<string>): string => {
  const [credential] = applicationCredentials.filter(({ user }) => user.name === 'svc');
  if (!credential) throw new Error('there is no credential of svc');
  const { id, secret } = credential;
  aws.secrets.set(serviceUserSecret, JSON.stringify({ id, secret }));
  return secret;
};

const servicesOf = (
  cloud: Cloud<string>,
  otherCloud: OpenStack<string>,
  web: WebServer,
): Map<string, Service> => {
  const { openstack, aws } = cloud;
  const { sqs, s3, dynamodb, secretsManager, eventBridge } = aws.endpoints;
  const urls: readonly (readonly [string, Service])[] = [
    [openstack.keystone.url, 'keystone'],
    [otherCloud.keystone.url, 'other keystone'],
    [sourceGlance({ cloud }).url, 'source'],
    ...[...targetRegions, otherRegion].map(
      (region) => [targetGlance({ cloud, otherCloud }, { region }).url, 'target'] as const,
    ),
    [sqs, 'sqs'],
    [s3, 's3'],
    [dynamodb, 'dynamodb'],
    [secretsManager, 'secretsmanager'],
    [eventBridge, 'events'],
    [web.url, 'web'],
  ];
  return new Map(urls.map(([url, service]) => [new URL(url).host, service]));
};

/** As Keystone's own do, all tokens of the emulated one begin so. */
const startOfTokens = 'gAAAAAB';

/** Once in a process: what is intercepted stays so. */
export const deploy = async (): Promise<Deployment> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-faults-'));
  const regions = [sourceRegion, ...targetRegions];
  const cloud = await startCloud<string>({ dataDir, visibilityS, tokenLifetimeS, regions });
  const otherCloud = await startOpenStack<string>({
    ...{ dataDir, tokenLifetimeS, cloud: 'other', regions: [otherRegion] },
  });
  const web = await startWebServer();
  const faults = await startFaultServer();
  const env = { ...cloud.env, ...common, OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: new URL(web.url).port };
  Object.assign(process.env, env);
  const interception = { services: servicesOf(cloud, otherCloud, web), faults };
  interceptMachine();
  interceptAws(interception);
  interceptUndici(interception);
  interceptSockets(interception);
  const functions = {
    standard: await loadAll('standard', env),
    segments: await loadAll('segments', env),
    'activation none': await loadAll('activation none', env),
    crowded: await loadAll('crowded', env),
    'service user': startingAnew('service user'),
  };
  Object.assign(process.env, settings['service user']);
  return {
    ...{ cloud, otherCloud, web, functions },
    secrets: [startOfTokens, createServiceUser(cloud), createClouds(cloud, otherCloud)],
    stop: async () => {
      await Promise.all([faults.stop(), web.stop(), cloud.stop(), otherCloud.stop()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
