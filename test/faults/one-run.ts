import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../integration/ferry.ts';
import { isTask, type Kept, subjectOf } from '../kept.ts';
import type { Bench } from './bench.ts';
import { type Call, createCallLog } from './call-log.ts';
import { newRun, type Plan, type Run } from './context.ts';
import type { Deployment } from './deployment.ts';
import { type Evidence, type ImportEvidence, toldOf } from './evidence.ts';
import type { ImportUnderTest, Prepared, PreparedImports } from './imports-under-test.ts';
import { judge, type Verdict } from './invariants.ts';
import { idsIn } from './operations.ts';
import { isDeadLetterQueue, type WaitingMessage } from './queue-watch.ts';
import { sourceGlance, targetGlance } from './regions.ts';
import { startOf } from './starts.ts';

/** Imports of one kind, mostly a single one, and what is to go wrong with them. */
export interface Case {
  /** Row of the table that the run counts for. */
  readonly group: string;
  /** What goes wrong, so that the run can be repeated: `dies after stream-image 1: s3 UploadPart 2`. */
  readonly name: string;
  readonly kind: ImportUnderTest;
  /** How each import must end whose request was accepted; `either` where both are right. */
  readonly ends: 'success' | 'failure' | 'either';
  /** A plan is used once; one that is to act on the images is made when they are there. */
  plan(prepared: PreparedImports, deployment: Deployment): Plan;
}

export interface Outcome extends Verdict {
  readonly one: Case;
  /** The tasks' messages. */
  readonly reason: string;
  readonly run: Run;
  readonly seconds: number;
}

/** What `--only` finds a case by. */
export const fullName = ({ kind, name }: Case): string => `${kind.name}: ${name}`;

/** Longest time for one run, s: a message that waits, some retries, several deaths. */
const patienceS = 120;

/** Looks, one after the other: a message that moves from one queue to another may be missed by one. */
const looksAtRest = 2;

/** Waits until nobody works for the run and no message of its own is in a queue that somebody reads. */
export const comeToRest = async (
  { watch }: Bench,
  run: Run,
  ids: ReadonlySet<string>,
  forS = patienceS,
): Promise<readonly WaitingMessage[]> => {
  const isOurs = (message: WaitingMessage): boolean => message.ids.some((id) => ids.has(id));
  let atRest = 0;
  for (const end = performance.now() + forS * 1000; ; await delay(50)) {
    const messages = (await watch.look()).filter(isOurs);
    const isAtRest = run.alive.size === 0 && messages.every(({ queue }) => isDeadLetterQueue(queue));
    atRest = isAtRest ? atRest + 1 : 0;
    if (atRest === looksAtRest || performance.now() > end) return messages;
  }
};

const clearUp = async ({ deployment, investigator }: Bench, { imports, items }: Evidence): Promise<void> => {
  const source = sourceGlance(deployment);
  await investigator.forget(items);
  for (const { prepared } of imports) {
    const { targetId, sourceId } = prepared;
    const target = targetGlance(deployment, prepared);
    if (target.image(targetId)) await target.remove(targetId);
    if (sourceId && source.image(sourceId)) await source.remove(sourceId);
  }
};

/** Tells of a call before it is made. */
type Watcher = (call: Call) => void;

/** The case's plan, and what its kind brings with it. */
const planFor = (
  { kind, plan }: Case,
  prepared: PreparedImports,
  deployment: Deployment,
  watchers: ReadonlySet<Watcher>,
): Plan => {
  const planned = plan(prepared, deployment);
  return {
    ...planned,
    fateOf: (call) => {
      for (const watch of watchers) watch(call);
      kind.meanwhile?.(call, prepared, deployment);
      return planned.fateOf(call);
    },
  };
};

/** Resolves before a call that is asked for is made. */
const callMade = (watchers: Set<Watcher>, isAskedFor: (call: Call) => boolean): Promise<void> =>
  new Promise((resolve) => {
    const watch: Watcher = (call) => {
      if (isAskedFor(call)) resolve();
    };
    watchers.add(watch);
  });

const isTaskOf =
  ({ targetId, region }: Prepared) =>
  (item: Kept): boolean =>
    isTask(item) && item['imageId'] === targetId && item['region'] === region;

/** An import whose request was sent. */
interface Started {
  readonly prepared: Prepared;
  readonly answer: Answer | 'died';
  /** Changes of state that the event bus had been told before. */
  readonly toldBefore: number;
}

const evidenceOf = async (
  bench: Bench,
  { kind }: Case,
  run: Run,
  started: readonly Started[],
  ids: ReadonlySet<string>,
): Promise<Evidence> => {
  const { deployment, investigator, expiry } = bench;
  const messages = await comeToRest(bench, run, ids);
  const items = await investigator.items(run.subjects);
  const relay = await investigator.relay(run.relayKeys);
  const isLeft = ({ targetId }: Prepared): boolean =>
    run.logs.some((line) => line.includes('import not taken back') && line.includes(targetId));
  const imports = started.map(
    ({ prepared, answer, toldBefore }): ImportEvidence => ({
      ...{
        starts: kind.starts,
        prepared,
        answer,
        isLeft: isLeft(prepared),
        tasks: items.filter(isTaskOf(prepared)),
      },
      target: targetGlance(deployment, prepared).image(prepared.targetId),
      told: toldOf(deployment, prepared, toldBefore),
    }),
  );
  const { secrets } = deployment;
  return { imports, items, ...relay, unexpiring: expiry.unexpiring(run.subjects), messages, run, secrets };
};

const isUnended = ({ kind, status }: Kept): boolean =>
  kind === 'claim' || kind === 'copy' || status === 'pending' || status === 'processing';

/** Whether something waits for its end, and nobody comes any more. */
const isOrphan = ({ items, messages, imports, run }: Evidence): boolean => {
  const hasDeadLetter = messages.length > 0 && messages.every(({ queue }) => isDeadLetterQueue(queue));
  const isGivenUp = imports.some(({ answer, isLeft }) => answer === 'died' || isLeft);
  const isAlone = messages.length === 0 && (isGivenUp || run.lost > 0);
  return items.some(isUnended) && (isAlone || hasDeadLetter);
};

/** A run that has come to rest. It may be looked at again when something was done about what it left. */
export interface Rested {
  /** Its request died, its message was lost, or nobody reads it any more: only sweep-imports can take care of it. */
  readonly isOrphaned: boolean;
  readonly run: Run;
  judge(): Promise<Outcome>;
}

/** Runs imports from their requests, which are sent at the same moment or at their own, until all is at rest. */
export const perform = async (bench: Bench, one: Case): Promise<Rested> => {
  const { deployment, pump } = bench;
  const startedMs = performance.now();
  const prepared = await one.kind.prepare(deployment);
  const ids = new Set(prepared.map(({ targetId }) => targetId));
  const functions = deployment.functions[one.kind.deployment];
  const watchers = new Set<Watcher>();
  const run = newRun(planFor(one, prepared, deployment, watchers), createCallLog(), (body) => {
    for (const id of idsIn(body)) ids.add(id);
    pump.serve(idsIn(body), { run, functions });
  });
  pump.serve([...ids], { run, functions });
  for (const { targetId, region } of prepared) run.subjects.add(subjectOf(targetId, region));
  const toldBefore = deployment.cloud.aws.events.received.length;
  const start = async (each: Prepared): Promise<Started> => ({
    ...{ prepared: each, toldBefore },
    answer: await startOf(one.kind)(run, functions, each),
  });
  const [late, first] = [prepared.filter(({ joins }) => joins), prepared.filter(({ joins }) => !joins)];
  const others = Promise.all(first.map(start));
  // Where its moment does not come, an import is asked for when the others are at their end.
  const atRest = others.then(() => comeToRest(bench, run, ids));
  const join = async (each: Prepared): Promise<Started> => {
    await Promise.race([callMade(watchers, each.joins ?? (() => true)), atRest]);
    return await start(each);
  };
  const started = [...(await Promise.all(late.map(join))), ...(await others)];
  const look = () => evidenceOf(bench, one, run, started, ids);

  return {
    ...{ run, isOrphaned: isOrphan(await look()) },
    judge: async () => {
      const evidence = await look();
      const verdict = judge(evidence, one.ends);
      await clearUp(bench, evidence);
      const seconds = (performance.now() - startedMs) / 1000;
      const reason = evidence.imports.flatMap(({ tasks }) => tasks.map(({ message }) => message)).join();
      return { one, ...verdict, reason, run, seconds };
    },
  };
};
