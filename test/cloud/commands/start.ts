import { resolve } from 'node:path';
import { startCloud } from '../cloud.ts';
import { startFunctions } from '../offline/serverless-offline.ts';
import type { Glance } from '../openstack/glance/glance.ts';
import { emulatedBanner, realBanner, type Target } from './banner.ts';
import { runCommand, type Session, untilAborted } from './command.ts';
import { regionUrl } from './ferry.ts';
import { glanceClient } from './glance.ts';
import { createSource, createTarget } from './images.ts';
import { type Options, portsHelp, readOptions, withPortHint } from './options.ts';
import { createDeploymentRights, startOtherCloud } from './other-cloud.ts';
import { startForRealCloud } from './real-cloud.ts';

// npm start: the functions and a cloud to try them on, until Ctrl-C.

const MiB = 1024 * 1024;
const tokenLifetimeS = 24 * 3600;
const free = false;
const say = (line: string) => process.stdout.write(`${line}\n`);

const help = `npm start -- [options]

Starts the functions with an emulated cloud of three regions, REGION1 to REGION3, and another one with a Keystone of its
own, NORTH, and serves until Ctrl-C.

${portsHelp({ free })}

  --openrc FILE   work with a real cloud: Keystone from FILE, the relay's object store from AWS_ENDPOINT_URL_S3,
                  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and RELAY_BUCKET, the service user from
                  OS_APPLICATION_CREDENTIAL_ID and …_SECRET, other settings from the environment
  --region NAME   region of the target images, instead of the openrc's OS_REGION_NAME

POLICIES_DIR is the folder of the policies that sync-images carries out, policies/ when it is not set;
OS_CLIENT_CONFIG_FILE a clouds.yaml with other clouds than NORTH.`;

async function serveEmulated({ ports }: Options, { cleanup, dataDir, signal }: Session): Promise<string> {
  const cloud = await startCloud({ dataDir, ports, tokenLifetimeS });
  cleanup.defer(cloud.stop);
  const north = await startOtherCloud({ dataDir, tokenLifetimeS });
  cleanup.defer(north.stop);
  const token = cloud.openstack.issueToken('demo', tokenLifetimeS);
  const { REGION1, REGION2, REGION3 } = cloud.openstack.regions;
  const source = await createSource(glanceClient(REGION1.url, token), { dataDir, size: 64 * MiB });
  const { POLICIES_DIR } = process.env;
  const rights = {
    ...(await createDeploymentRights(cloud, north)),
    ...(POLICIES_DIR && { POLICIES_DIR: resolve(POLICIES_DIR) }),
  };
  const env = { ...cloud.env, ...rights, OS_TARGET_REGIONS: '*', EVENT_BUS_NAME: 'default' };
  const functions = await startFunctions({ env, dataDir, httpPort: ports.api, signal });
  cleanup.defer(functions.stop);
  const target = async ({ region, url: glanceUrl }: Glance, url: string): Promise<Target> => {
    const { id } = await createTarget(glanceClient(glanceUrl, token));
    return { id, region, url, glanceUrl };
  };
  const targets = [
    await target(REGION2, functions.url),
    await target(REGION3, regionUrl(functions.url, REGION3.region)),
  ];
  return emulatedBanner({ cloud, north, functions, token, sourceId: source.id, targets });
}

async function serveReal(options: Options, { cleanup, dataDir, signal }: Session): Promise<string> {
  const { env, stop } = await startForRealCloud(options, dataDir);
  cleanup.defer(stop);
  const functions = await startFunctions({ env, dataDir, httpPort: options.ports.api, signal });
  cleanup.defer(functions.stop);
  return realBanner({ env, functions });
}

async function start(session: Session): Promise<number> {
  const options = readOptions(process.argv.slice(2), { free });
  if (options.help) {
    say(help);
    return 0;
  }
  const serving =
    options.openrc === undefined ? serveEmulated(options, session) : serveReal(options, session);
  say(await serving.catch(withPortHint(options.ports)));
  await untilAborted(session.signal);
  return 0;
}

await runCommand('start', start);
