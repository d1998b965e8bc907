import { setTimeout as delay } from 'node:timers/promises';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Answer } from '../integration/ferry.ts';
import { httpEvent, lambdaContext } from '../integration/lambda.ts';
import { createCallLog } from './call-log.ts';
import { invoke, newRun, type Plan, type Run } from './context.ts';
import type { Deployment } from './deployment.ts';
import type { Evidence, Investigator } from './evidence.ts';
import type { ImportUnderTest, Prepared } from './imports-under-test.ts';
import { judge, type Verdict } from './invariants.ts';
import type { Pump } from './pump.ts';
import type { QueueWatch, WaitingMessage } from './queue-watch.ts';

/** All that runs share. */
export interface Bench {
  readonly deployment: Deployment;
  readonly pump: Pump;
  readonly watch: QueueWatch;
  readonly investigator: Investigator;
}

/** One import, and what is to go wrong with it. */
export interface Case {
  /** Row of the table that the run counts for. */
  readonly group: string;
  /** What goes wrong, so that the run can be repeated: `dies after stream-image 1: s3 UploadPart 2`. */
  readonly name: string;
  readonly kind: ImportUnderTest;
  /** How it must end when its request was accepted; `either` where both are right. */
  readonly ends: 'success' | 'failure' | 'either';
  /** A plan is used once; one that is to act on the images is made when they are there. */
  plan(prepared: Prepared, deployment: Deployment): Plan;
  readonly ownSource?: boolean;
}

export interface Outcome extends Verdict {
  readonly one: Case;
  readonly run: Run;
  readonly seconds: number;
}

/** What `--only` finds a case by. */
export const fullName = ({ kind, name }: Case): string => `${kind.name}: ${name}`;

/** Longest time for one run, s: a message that waits, some retries, several deaths. */
const patienceS = 120;

const request = async (
  { deployment }: Bench,
  { kind }: Case,
  run: Run,
  { targetId, body }: Prepared,
  token: string,
): Promise<Answer | 'died'> => {
  const event = httpEvent({ method: 'POST', imageId: targetId, token, body });
  const handler = deployment.functions[kind.deployment]['import-image'];
  const result = await invoke(run, 'import-image', () => handler(event, lambdaContext(29_000)));
  if (result === 'dead') return 'died';
  const { statusCode = 0, headers = {}, body: text = '' } = result as APIGatewayProxyStructuredResultV2;
  return { status: statusCode, headers, body: text, json: {} };
};

/** Waits until nobody works for the run and no message of its image is in a queue that somebody reads. */
const rest = async ({ watch }: Bench, run: Run, imageId: string): Promise<readonly WaitingMessage[]> => {
  const isDeadLetter = ({ queue }: WaitingMessage) => queue.includes('Dead');
  for (const end = performance.now() + patienceS * 1000; ; await delay(50)) {
    const messages = (await watch.look()).filter(({ body }) => body.includes(imageId));
    if (run.alive.size === 0 && messages.every(isDeadLetter)) return messages;
    if (performance.now() > end) return messages;
  }
};

const clearUp = async ({ deployment, investigator }: Bench, evidence: Evidence, one: Case): Promise<void> => {
  const { REGION1, REGION2 } = deployment.cloud.openstack.regions;
  const { prepared, items } = evidence;
  await investigator.forget(items);
  if (REGION2.image(prepared.targetId)) await REGION2.remove(prepared.targetId);
  if (one.ownSource && prepared.sourceId && REGION1.image(prepared.sourceId))
    await REGION1.remove(prepared.sourceId);
};

const isWrongEnd = ({ ends }: Case, { ending }: Verdict): boolean =>
  (ends === 'success' && ending === 'failed cleanly') || (ends === 'failure' && ending === 'succeeded');

/** Runs one import from its request until all is at rest, and judges what is to be seen then. */
export const perform = async (bench: Bench, one: Case): Promise<Outcome> => {
  const { deployment, pump, investigator } = bench;
  const startedMs = performance.now();
  const token = deployment.cloud.openstack.issueToken('demo');
  const prepared = await one.kind.prepare(deployment, { ownSource: one.ownSource ?? false });
  const run = newRun(one.plan(prepared, deployment), createCallLog());
  const { targetId } = prepared;
  pump.serve(targetId, { run, functions: deployment.functions[one.kind.deployment] });
  const answer = await request(bench, one, run, prepared, token);
  const messages = await rest(bench, run, targetId);
  const items = await investigator.items(targetId);
  const relay = await investigator.relay(run.relayKeys);
  const target = deployment.cloud.openstack.regions.REGION2.image(targetId);
  const evidence = { answer, prepared, target, items, ...relay, messages, run, secrets: [token] };
  const verdict = judge(evidence);
  const message = items.map(({ message }) => message).join();
  const wrongEnd = isWrongEnd(one, verdict) ? [`the import ${verdict.ending}: ${message}`] : [];
  await clearUp(bench, evidence, one);
  const seconds = (performance.now() - startedMs) / 1000;
  const broken = [...verdict.broken, ...wrongEnd];
  return { one, ending: verdict.ending, broken, run, seconds };
};
