import { startCloud } from '../cloud.ts';
import { startFunctions } from '../offline/serverless-offline.ts';
import { runCommand, type Session } from './command.ts';
import { compare, sideBySide } from './comparison.ts';
import { ferryClient, type Task } from './ferry.ts';
import { glanceClient } from './glance.ts';
import { createImages } from './images.ts';
import { portsHelp, readOptions, withPortHint } from './options.ts';
import { progressBar } from './progress-bar.ts';

// npm run demo: one image travels from REGION1 to REGION2, and is compared with what it was.

const MiB = 1024 * 1024;
const size = 256 * MiB;
const free = true;
const say = (line: string) => process.stdout.write(`${line}\n`);

const help = `npm run demo -- [options]

Starts an emulated cloud of three regions with the functions, imports a ${size / MiB} MiB image from REGION1 into REGION2
through the HTTP API, compares both, and stops everything. Ends with 0 only if they are equal.

${portsHelp({ free })}`;

async function importAndWatch(
  ferry: ReturnType<typeof ferryClient>,
  targetId: string,
  sourceId: string,
): Promise<Task> {
  const method = { name: 'glance-download', glance_region: 'REGION1', glance_image_id: sourceId };
  const answer = await ferry.importImage(targetId, method);
  say(
    `POST /v2/images/${targetId}/import: ${answer.status}, ${answer.headers.get('x-openstack-request-id')}\n`,
  );
  const bar = progressBar(process.stdout);
  let last: Task = { id: '', status: 'pending', message: '' };
  for await (last of ferry.progress(targetId)) bar.show(last);
  bar.end();
  return last;
}

async function demo({ cleanup, dataDir, signal }: Session): Promise<number> {
  const { ports, help: asked } = readOptions(process.argv.slice(2), { free });
  if (asked) {
    say(help);
    return 0;
  }
  say('Starting Keystone, three Glances, SQS, S3, DynamoDB and the functions …');
  const cloud = await startCloud({ dataDir, ports }).catch(withPortHint(ports));
  cleanup.defer(cloud.stop);
  const token = cloud.openstack.issueToken('demo');
  const { REGION1, REGION2 } = cloud.openstack.regions;
  const [source, target] = [glanceClient(REGION1.url, token), glanceClient(REGION2.url, token)];

  const starting = startFunctions({ env: cloud.env, dataDir, httpPort: ports.api, signal });
  const { sourceImage, targetImage } = await createImages({ source, target }, { dataDir, size });
  const functions = await starting.catch(withPortHint(ports));
  cleanup.defer(functions.stop);
  say(
    `Source: ${sourceImage.id} in REGION1, ${size / MiB} MiB. Target: ${targetImage.id} in REGION2, queued.`,
  );

  const started = performance.now();
  const task = await importAndWatch(ferryClient(functions.url, token), targetImage.id, sourceImage.id);
  const seconds = (performance.now() - started) / 1000;
  say(
    `${task.status}${task.status === 'failure' ? `: ${task.message}` : ''} after ${seconds.toFixed(1)} s\n`,
  );

  const rows = await compare(
    { glance: source, id: sourceImage.id },
    { glance: target, id: targetImage.id, before: targetImage },
  );
  say(sideBySide(rows));
  const digests = rows.at(-1);
  say(`\nsha512 in REGION1 ${digests?.source}\nsha512 in REGION2 ${digests?.target}`);
  const wrong = rows.filter(({ verdict }) => verdict === 'WRONG');
  say(
    wrong.length === 0 ? '\nThe image has arrived.' : `\n${wrong.length} of these are not as they should be.`,
  );
  return wrong.length === 0 && task.status === 'success' ? 0 : 1;
}

await runCommand('demo', demo);
