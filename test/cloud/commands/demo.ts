import { type Cloud, startCloud } from '../cloud.ts';
import { startFunctions } from '../offline/serverless-offline.ts';
import { timesRead } from '../openstack/times-read.ts';
import { runCommand, type Session } from './command.ts';
import { compare, sideBySide } from './comparison.ts';
import { ferryClient, regionUrl, type Task } from './ferry.ts';
import { type GlanceClient, glanceClient, type Image } from './glance.ts';
import { createSource, createTarget } from './images.ts';
import { portsHelp, readOptions, withPortHint } from './options.ts';
import { progressBars } from './progress-bars.ts';

// npm run demo: one image travels from REGION1 to other regions at once, and is compared with what it was.

const MiB = 1024 * 1024;
const size = 256 * MiB;
const sourceRegion = 'REGION1';
const ownRegion = 'REGION2';
const targetRegions = [ownRegion, 'REGION3'] as const;
const free = true;
const say = (line: string) => process.stdout.write(`${line}\n`);

const help = `npm run demo -- [options]

Starts an emulated cloud of three regions with the functions, imports a ${size / MiB} MiB image from ${sourceRegion} into
${targetRegions.join(' and ')} through the HTTP API, compares them, and stops everything. Ends with 0 only if they are equal.

${portsHelp({ free })}`;

/** An image in a region, as its owner sees it. */
interface Place {
  readonly region: string;
  readonly glance: GlanceClient;
  readonly image: Image;
}

async function createPlaces({ openstack }: Cloud, token: string, dataDir: string) {
  const glanceOf = (region: string) => glanceClient(openstack.region(region).url, token);
  const glance = glanceOf(sourceRegion);
  const source: Place = {
    region: sourceRegion,
    glance,
    image: await createSource(glance, { dataDir, size }),
  };
  const target = async (region: string): Promise<Place> => {
    return { region, glance: glanceOf(region), image: await createTarget(glanceOf(region)) };
  };
  return { source, targets: await Promise.all(targetRegions.map(target)) };
}

type FerryOf = (region: string) => ReturnType<typeof ferryClient>;

/** Asks for all imports, and shows them until each has ended. */
async function importAll(ferryOf: FerryOf, source: Place, targets: readonly Place[]) {
  const method = { name: 'glance-download', glance_region: source.region, glance_image_id: source.image.id };
  for (const { region, image } of targets) {
    const { status, headers, url } = await ferryOf(region).importImage(image.id, method);
    say(`POST ${new URL(url).pathname}: ${status}, ${headers.get('x-openstack-request-id')}`);
  }
  say('');
  const bars = progressBars(process.stdout, targetRegions);
  const watch = async ({ region, image }: Place): Promise<Task | undefined> => {
    let last: Task | undefined;
    for await (last of ferryOf(region).progress(image.id)) bars.show(region, last);
    return last;
  };
  return await Promise.all(targets.map(watch));
}

const endOf = (task: Task | undefined): string =>
  task?.status === 'failure' ? `failure: ${task.message}` : String(task?.status);

/** Compares what has arrived with the source, and shows it. @returns whether all is as it should be */
async function hasArrived(source: Place, target: Place): Promise<boolean> {
  const from = { glance: source.glance, id: source.image.id };
  const rows = await compare(from, { glance: target.glance, id: target.image.id, before: target.image });
  say(`\n${sideBySide(rows, { source: source.region, target: target.region })}`);
  const digests = rows.at(-1);
  say(`\nsha512 in ${source.region} ${digests?.source}\nsha512 in ${target.region} ${digests?.target}`);
  const wrong = rows.filter((row) => row.verdict === 'WRONG');
  const verdict =
    wrong.length === 0
      ? `The image has arrived in ${target.region}.`
      : `${wrong.length} of these are not as they should be.`;
  say(`\n${verdict}`);
  return wrong.length === 0;
}

async function demo({ cleanup, dataDir, signal }: Session): Promise<number> {
  const { ports, help: asked } = readOptions(process.argv.slice(2), { free });
  if (asked) {
    say(help);
    return 0;
  }
  say('Starting Keystone, three Glances, SQS, S3, DynamoDB, EventBridge and the functions …');
  const cloud = await startCloud({ dataDir, ports }).catch(withPortHint(ports));
  cleanup.defer(cloud.stop);
  const token = cloud.openstack.issueToken('demo');
  const starting = startFunctions({
    env: { ...cloud.env, OS_TARGET_REGIONS: '*', EVENT_BUS_NAME: 'default' },
    dataDir,
    httpPort: ports.api,
    signal,
  });
  const { source, targets } = await createPlaces(cloud, token, dataDir);
  const functions = await starting.catch(withPortHint(ports));
  cleanup.defer(functions.stop);
  say(`Source: ${source.image.id} in ${sourceRegion}, ${size / MiB} MiB.`);
  for (const { region, image } of targets) say(`Target: ${image.id} in ${region}, queued.`);

  const ferryOf: FerryOf = (region) =>
    ferryClient(region === ownRegion ? functions.url : regionUrl(functions.url, region), token);
  const started = performance.now();
  const tasks = await importAll(ferryOf, source, targets);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const reads = cloud.openstack.region(sourceRegion).dataReads(source.image.id);
  const { total } = timesRead(
    reads.map(({ given }) => given),
    size,
  );
  say(
    `\n${tasks.map(endOf).join(', ')} after ${seconds} s; ${sourceRegion} gave ${Math.round(total / MiB)} MiB`,
  );

  const arrived: boolean[] = [];
  for (const target of targets) arrived.push(await hasArrived(source, target));
  return arrived.every(Boolean) && tasks.every((task) => task?.status === 'success') ? 0 : 1;
}

await runCommand('demo', demo);
