import { setTimeout as delay } from 'node:timers/promises';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Answer } from '../integration/ferry.ts';
import { httpEvent, lambdaContext } from '../integration/lambda.ts';
import type { Bench } from './bench.ts';
import { createCallLog } from './call-log.ts';
import { invoke, newRun, type Plan, type Run } from './context.ts';
import type { Deployment } from './deployment.ts';
import type { Evidence } from './evidence.ts';
import type { ImportUnderTest, Prepared } from './imports-under-test.ts';
import { judge, type Verdict } from './invariants.ts';
import { isDeadLetterQueue, type WaitingMessage } from './queue-watch.ts';

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
  /** The task's message. */
  readonly reason: string;
  readonly run: Run;
  readonly seconds: number;
}

/** What `--only` finds a case by. */
export const fullName = ({ kind, name }: Case): string => `${kind.name}: ${name}`;

/** Longest time for one run, s: a message that waits, some retries, several deaths. */
const patienceS = 120;

type Start = (
  bench: Bench,
  one: Case,
  run: Run,
  prepared: Prepared,
  token: string,
) => Promise<Answer | 'died'>;

const byRequest: Start = async ({ deployment }, { kind }, run, { targetId, body }, token) => {
  const event = httpEvent({ method: 'POST', imageId: targetId, token, body });
  const handler = deployment.functions[kind.deployment]['import-image'];
  const result = await invoke(run, 'import-image', () => handler(event, lambdaContext(29_000)));
  if (result === 'dead') return 'died';
  const { statusCode = 0, headers = {}, body: text = '' } = result as APIGatewayProxyStructuredResultV2;
  return { status: statusCode, headers, body: text, json: {} };
};

/** Who invokes apply-metadata alone gets what it has set, or an error. */
const alone: Start = async ({ deployment }, { kind }, run, { targetId, sourceId }, token) => {
  const source = { glance_region: 'REGION1', glance_image_id: sourceId };
  const input = { token, image_id: targetId, ...source };
  const handler = deployment.functions[kind.deployment]['apply-metadata'];
  try {
    const result = await invoke(run, 'apply-metadata', () => handler(input, lambdaContext(60_000)));
    return result === 'dead' ? 'died' : { status: 200, headers: {}, body: JSON.stringify(result), json: {} };
  } catch (error) {
    return { status: 500, headers: {}, body: String(error), json: {} };
  }
};

/** Waits until nobody works for the run and no message of its image is in a queue that somebody reads. */
const rest = async ({ watch }: Bench, run: Run, imageId: string): Promise<readonly WaitingMessage[]> => {
  for (const end = performance.now() + patienceS * 1000; ; await delay(50)) {
    const messages = (await watch.look()).filter(({ body }) => body.includes(imageId));
    if (run.alive.size === 0 && messages.every(({ queue }) => isDeadLetterQueue(queue))) return messages;
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

/** The case's plan, and what its kind brings with it. */
const planFor = ({ kind, plan }: Case, prepared: Prepared, deployment: Deployment): Plan => {
  const planned = plan(prepared, deployment);
  return {
    ...planned,
    fateOf: (call) => {
      kind.meanwhile?.(call, prepared, deployment);
      return planned.fateOf(call);
    },
  };
};

/** A run that has come to rest. It may be looked at again when something was done about what it left. */
export interface Rested {
  /** Its request died, its message was lost, or nobody reads it any more: only sweep-imports can take care of it. */
  readonly isOrphaned: boolean;
  judge(): Promise<Outcome>;
}

/** Runs one import from its request until all is at rest. */
export const perform = async (bench: Bench, one: Case): Promise<Rested> => {
  const { deployment, pump, investigator } = bench;
  const startedMs = performance.now();
  const token = deployment.cloud.openstack.issueToken('demo');
  const prepared = await one.kind.prepare(deployment, { ownSource: one.ownSource ?? false });
  const run = newRun(planFor(one, prepared, deployment), createCallLog());
  const { targetId } = prepared;
  pump.serve(targetId, { run, functions: deployment.functions[one.kind.deployment] });
  const start = one.kind.starts === 'alone' ? alone : byRequest;
  const answer = await start(bench, one, run, prepared, token);

  const look = async (): Promise<Evidence> => {
    const messages = await rest(bench, run, targetId);
    const items = await investigator.items(targetId);
    const relay = await investigator.relay(run.relayKeys);
    const target = deployment.cloud.openstack.regions.REGION2.image(targetId);
    const { starts } = one.kind;
    const unexpiring = bench.expiry.unexpiring(targetId);
    return { starts, answer, prepared, target, items, ...relay, unexpiring, messages, run, secrets: [token] };
  };

  const { items, messages } = await look();
  const isUnended = items.some(
    ({ item, status }) => item === 'claim' || status === 'pending' || status === 'processing',
  );
  const hasDeadLetter = messages.length > 0 && messages.every(({ queue }) => isDeadLetterQueue(queue));
  const isAlone = messages.length === 0 && (answer === 'died' || run.lost > 0);
  return {
    isOrphaned: isUnended && (isAlone || hasDeadLetter),
    judge: async () => {
      const evidence = await look();
      const verdict = judge(evidence);
      await clearUp(bench, evidence, one);
      const seconds = (performance.now() - startedMs) / 1000;
      const reason = evidence.items.map(({ message }) => message).join();
      const wrongEnd = isWrongEnd(one, verdict) ? [`the import ${verdict.ending}: ${reason}`] : [];
      return { one, ...verdict, broken: [...verdict.broken, ...wrongEnd], reason, run, seconds };
    },
  };
};
