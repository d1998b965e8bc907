import { setTimeout as delay } from 'node:timers/promises';
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { failedIds, sqsEvent } from '../../worker/sqs-event.ts';
import type { LocalAws } from '../cloud/aws/aws.ts';
import { lambdaContext } from '../integration/lambda.ts';
import { invoke, type Run } from './context.ts';
import type { FunctionName, Functions } from './deployment.ts';
import { idsIn } from './operations.ts';

/** A run and the functions that serve it. */
export interface Served {
  readonly run: Run;
  readonly functions: Functions;
}

export interface Pump {
  /** From now on messages that name one of these ids are this run's. */
  serve(ids: readonly string[], served: Served): void;
  /** Messages that belong to no run. */
  readonly strays: readonly string[];
  stop(): Promise<void>;
}

const queueOf = {
  'stream-image': 'StreamImageQueue',
  'apply-metadata': 'ApplyMetadataQueue',
  'fail-import': 'FailImportQueue',
  'replicate-image': 'ReplicateImageQueue',
} as const satisfies Partial<Record<FunctionName, string>>;
type Step = keyof typeof queueOf;

/** Receivers of each queue. Each takes up to ten messages at a time and works on all of them at once. */
const receivers = 2;
const waitS = 1;
/** Messages at work at a time: leases are short here, and a machine that has too much to do would keep none of them. */
const mostAtWork = 20;

/**
 * Feeds the queues' functions, as Lambda's pollers do, each message to its run. Who dies leaves his message to its
 * visibility.
 */
export const startPump = ({ queues }: LocalAws): Pump => {
  const sqs = new SQSClient({});
  const runs = new Map<string, Served>();
  const strays: string[] = [];
  const working = new Set<Promise<void>>();
  let isStopping = false;

  const remove = (QueueUrl: string, { ReceiptHandle }: Message) =>
    sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));

  /** @returns whether it is done: then the message is gone */
  const once = async (
    step: Step,
    { run, functions }: Served,
    message: Message,
    lateMs: number,
  ): Promise<boolean> => {
    await delay(lateMs);
    const { url, arn } = queueOfStep(step);
    const event = sqsEvent([message], arn);
    const answer = await invoke(run, step, () => functions[step](event, lambdaContext())).catch(() => 'dead');
    if (answer === 'dead' || failedIds(answer, [message.MessageId ?? '']).size > 0) return false;
    await remove(url, message);
    return true;
  };

  const queueOfStep = (step: Step) => {
    const queue = queues[queueOf[step]];
    if (!queue) throw new Error(`serverless.yml has no queue ${queueOf[step]}`);
    return queue;
  };

  /** A message may be no JSON, and of an image that nobody has heard of: any id in it will do. */
  const servedBy = (body: string): Served | undefined =>
    idsIn(body)
      .map((id) => runs.get(id))
      .find((served) => served !== undefined);

  const work = async (step: Step, message: Message): Promise<void> => {
    const { Body = '', Attributes } = message;
    const served = servedBy(Body);
    if (!served) {
      strays.push(Body);
      await remove(queueOfStep(step).url, message);
      return;
    }
    const received = Number(Attributes?.ApproximateReceiveCount);
    const { delaysMs } = served.run.plan.deliver?.(step, received) ?? { delaysMs: [0] };
    // Lost: as if somebody had purged the queue.
    if (delaysMs.length === 0) {
      served.run.lost += 1;
      await remove(queueOfStep(step).url, message);
    }
    const done = await Promise.all(delaysMs.map((lateMs) => once(step, served, message, lateMs)));
    // A copy that is not done will not come again when another one was.
    if (done.includes(true) && done.includes(false)) served.run.lost += 1;
  };

  const receive = async (step: Step): Promise<void> => {
    const asked = { QueueUrl: queueOfStep(step).url, MaxNumberOfMessages: 10, WaitTimeSeconds: waitS };
    const attributes = { MessageSystemAttributeNames: ['All' as const], MessageAttributeNames: ['All'] };
    while (!isStopping) {
      if (working.size >= mostAtWork) {
        await Promise.race(working);
        continue;
      }
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ ...asked, ...attributes }));
      for (const message of Messages) {
        const done = work(step, message).finally(() => working.delete(done));
        working.add(done);
      }
    }
  };

  const steps = Object.keys(queueOf) as Step[];
  const loops = steps.flatMap((step) => Array.from({ length: receivers }, () => receive(step)));
  return {
    serve: (ids, served) => {
      for (const id of ids) if (!runs.has(id)) runs.set(id, served);
    },
    strays,
    stop: async () => {
      isStopping = true;
      await Promise.all(loops);
      await Promise.all(working);
      sqs.destroy();
    },
  };
};
