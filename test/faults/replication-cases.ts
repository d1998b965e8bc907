import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { isTask } from '../kept.ts';
import type { Bench } from './bench.ts';
import { type Call, createCallLog, nameOf } from './call-log.ts';
import { type Fate, newRun, type Plan, pass } from './context.ts';
import { finalFaults, type NamedFault, passingFaults } from './faults.ts';
import { type ImportUnderTest, successes } from './imports-under-test.ts';
import { comeToRest, type Outcome } from './one-run.ts';
import { idsIn } from './operations.ts';
import { isDeadLetterQueue } from './queue-watch.ts';
import { otherRegion, sourceGlance, sourceRegion, targetGlance } from './regions.ts';
import { active, newSource } from './source-data.ts';

// replicate-image dies before and after each of its calls, each of them goes wrong, its messages come twice, Keystone is
// away in the middle. What only a person or a passing fault stands against comes to its end by itself; of the rest the next
// event makes what the first has not: one image, with the right bytes and provenance, and nothing left.

const step = 'replicate-image';
const [oneStream] = successes;
if (!oneStream) throw new Error('there are no imports');
const kind: ImportUnderTest = { ...oneStream, name: step, deployment: 'service user' };

/** One run, and whether its first event must come to its end without another one. */
export interface ReplicationCase {
  readonly name: string;
  readonly isSelfHealing: boolean;
  readonly plan: Plan;
  /** How many events say the same at the same moment. */
  readonly events?: number;
}

/** Of another cloud: both Keystones are asked, since each start of a function signs in anew. */
const region = otherRegion;
const visibility = 'community';
const formats = { disk_format: 'raw', container_format: 'bare' };

const publish = async ({ deployment }: Bench, { id: image_id }: ImageView): Promise<void> => {
  const sqs = new SQSClient({});
  const event = { source: { region: sourceRegion, image_id }, targets: [{ region, visibility }] };
  const QueueUrl = deployment.cloud.aws.queues['ReplicateImageQueue']?.url;
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event) }));
  sqs.destroy();
};

const replicasOf = ({ deployment }: Bench, { id }: ImageView): readonly ImageView[] =>
  targetGlance(deployment, { region })
    .images()
    .filter((image) => image['ferry_source_id'] === id);

const differences = (replica: ImageView, wanted: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(wanted)
    .filter(([name, value]) => replica[name] !== value)
    .map(([name, value]) => `its ${name} is ${JSON.stringify(replica[name])}, not ${JSON.stringify(value)}`);

/** What keeps the region from having one replica as it is to be. */
const missing = (bench: Bench, source: ImageView): readonly string[] => {
  const replicas = replicasOf(bench, source);
  const [replica] = replicas;
  if (!replica || replicas.length > 1) return [`there are ${replicas.length} replicas`];
  const { name } = source;
  return differences(replica, {
    ...{ ...active('tiny'), ...formats, name, visibility, os_distro: 'debian' },
    ...{ ferry_source_region: sourceRegion, ferry_family: name },
    ferry_source_hash: `sha512:${active('tiny').os_hash_value}`,
    ferry_unfinished: undefined,
  });
};

const left = async ({ investigator }: Bench, run: Outcome['run']): Promise<readonly string[]> => {
  const items = await investigator.items(run.subjects);
  const { objects, uploads } = await investigator.relay(run.relayKeys);
  const others = items.filter((item) => !isTask(item)).map(({ item }) => `item ${item} is left`);
  const running = items
    .filter(isTask)
    .filter(({ status }) => !['success', 'failure'].includes(String(status)));
  return [
    ...others,
    ...running.map(({ status }) => `a task is left, ${status}`),
    ...[...objects, ...uploads].map((key) => `${key} is left`),
  ];
};

const secretsIn = ({ deployment: { secrets } }: Bench, { logs, sent }: Outcome['run']): readonly string[] => {
  const places = { 'a log line': logs.join('\n'), 'a message': sent.join('\n') };
  return Object.entries(places)
    .filter(([, text]) => secrets.some((secret) => text.includes(secret)))
    .map(([place]) => `a secret stands in clear in ${place}`);
};

/** Who has died between claim and message has the target for a minute, and is asked for every half. */
const patienceS = 240;

/** From its event to its end, and with another event where that did not make what was asked for. */
export const performReplication = async (bench: Bench, one: ReplicationCase): Promise<Outcome> => {
  const startedMs = performance.now();
  const { deployment, pump } = bench;
  const attributes = { ...formats, owner: 'svc', os_distro: 'debian' };
  const source = await newSource(deployment, { ...attributes, name: `source of ${one.name}` }, 'tiny');
  const ids = new Set([source.id]);
  const functions = deployment.functions['service user'];
  let isOver = false;
  const fateOf = (call: Call): Fate => (isOver || call.step !== step ? pass : one.plan.fateOf(call));
  const run = newRun({ ...one.plan, fateOf }, createCallLog(), (body) => {
    for (const id of idsIn(body)) ids.add(id);
    pump.serve(idsIn(body), { run, functions });
  });
  pump.serve([...ids], { run, functions });
  await Promise.all(Array.from({ length: one.events ?? 1 }, () => publish(bench, source)));
  const messages = await comeToRest(bench, run, ids, patienceS);
  const alone = missing(bench, source);
  isOver = true;
  if (alone.length > 0) {
    await publish(bench, source);
    await comeToRest(bench, run, ids, patienceS);
  }
  const unread = messages.filter(({ queue }) => !isDeadLetterQueue(queue));
  const broken = [
    ...(one.isSelfHealing ? alone.map((what) => `without another event ${what}`) : []),
    ...missing(bench, source).map((what) => `after another event ${what}`),
    ...unread.map(({ queue, body }) => `a message is left in ${queue}: ${body}`),
    ...(one.isSelfHealing && messages.length > unread.length ? ['there is a dead letter'] : []),
    ...secretsIn(bench, run),
  ];
  const remains = await left(bench, run);
  await investigateNoMore(bench, source, run);
  return {
    one: {
      group: `${step}: dies, is refused something, comes twice`,
      name: one.name,
      kind,
      ends: 'either',
      plan: () => one.plan,
    },
    ...{ endings: [alone.length === 0 ? 'succeeded' : 'failed cleanly'], hasLeft: remains.length > 0, run },
    ...{
      broken: [...broken, ...remains],
      reason: run.logs.filter((line) => line.includes('replica ')).at(-1) ?? '',
    },
    seconds: (performance.now() - startedMs) / 1000,
  };
};

const investigateNoMore = async (bench: Bench, source: ImageView, run: Outcome['run']): Promise<void> => {
  const { deployment, investigator } = bench;
  await investigator.forget(await investigator.items(run.subjects));
  const glance = targetGlance(deployment, { region });
  for (const { id } of replicasOf(bench, source)) await glance.remove(id);
  await sourceGlance(deployment).remove(source.id);
};

const at = (call: Call, fate: Fate): Plan => ({
  fateOf: (made) => (nameOf(made) === nameOf(call) ? fate : pass),
});

const faulty =
  (isSelfHealing: boolean, call: Call) =>
  ({ name, fault }: NamedFault): ReplicationCase => ({
    ...{ name: `${name} at ${nameOf(call)}`, isSelfHealing, plan: at(call, { kind: 'fault', fault }) },
  });

const dying = (call: Call): readonly ReplicationCase[] =>
  (['before', 'after'] as const).map((when) => ({
    ...{ name: `dies ${when} ${nameOf(call)}`, isSelfHealing: true, plan: at(call, { kind: 'die', when }) },
  }));

/** Some calls may be refused and nothing is lost by it; what a refusal does to each kind of call is enough. */
const createFirstOfItsKind = () => {
  const seen = new Set<string>();
  return ({ service, operation }: Call): boolean => {
    const isNew = !seen.has(`${service} ${operation}`);
    seen.add(`${service} ${operation}`);
    return isNew;
  };
};

/** Nobody answers for a while, which begins when the record is there. */
const awayInTheMiddle = (service: Call['service']): ReplicationCase => {
  let failures = 12;
  let isThere = false;
  return {
    ...{ name: `${service} is away in the middle`, isSelfHealing: true },
    plan: {
      fateOf: (call) => {
        isThere ||= call.operation === 'POST images';
        if (!isThere || call.service !== service || failures === 0) return pass;
        failures -= 1;
        return { kind: 'fault', fault: { kind: 'reset' } };
      },
    },
  };
};

const twice = (lateMs: number): ReplicationCase => ({
  ...{ name: `each message comes twice, ${lateMs} ms apart`, isSelfHealing: true },
  plan: { fateOf: () => pass, deliver: (to) => ({ delaysMs: to === step ? [0, lateMs] : [0] }) },
});

export const undisturbed: ReplicationCase = {
  name: 'undisturbed',
  isSelfHealing: true,
  plan: { fateOf: () => pass },
};

/** A run of its own, to be performed beside any others. */
export interface NamedRun {
  readonly name: string;
  perform(): Promise<Outcome>;
}

/** @returns how an undisturbed run went, and the cases that follow from its calls */
export const replicationCases = async (
  bench: Bench,
): Promise<{ undisturbed: Outcome; cases: NamedRun[] }> => {
  const outcome = await performReplication(bench, undisturbed);
  const calls = outcome.run.calls.calls.filter((call) => call.step === step);
  const isFirst = createFirstOfItsKind();
  const first = calls.filter(isFirst);
  const cases = [
    ...calls.flatMap(dying),
    ...first.flatMap((call) => passingFaults(call).map(faulty(true, call))),
    ...first.flatMap((call) => finalFaults(call).map(faulty(false, call))),
    ...(['keystone', 'other keystone', 'source', 'target'] as const).map(awayInTheMiddle),
    ...[twice(0), twice(300), twice(2000)],
    { ...undisturbed, name: 'ten events at once', events: 10 },
  ];
  return {
    undisturbed: outcome,
    cases: cases.map((one) => ({
      name: `${step}: ${one.name}`,
      perform: () => performReplication(bench, one),
    })),
  };
};
