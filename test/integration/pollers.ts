import { fileURLToPath } from 'node:url';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { createSandboxes } from '../cloud/offline/sandbox.ts';
import { startPoller } from '../cloud/offline/sqs-poller.ts';
import { lambdaContext } from './lambda.ts';

export type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** Of an import. */
export const queueFunctions = ['stream-image', 'apply-metadata', 'fail-import'] as const;
export type ImportFunction = (typeof queueFunctions)[number];
export type QueueFunction = ImportFunction | 'replicate-image';

/** A function that can be invoked and, where it runs in processes of its own, be killed. */
interface Runner {
  invoke(event: unknown): Promise<unknown>;
  /** As a crash does: what it is at ends in the middle. */
  kill(): Promise<void>;
}

export interface Pollers {
  kill(name: QueueFunction): Promise<void>;
  stop(): Promise<void>;
}

/** Where each function's own queue stands in the environment. */
const urlVariable = {
  'stream-image': 'STREAM_IMAGE_QUEUE_URL',
  'apply-metadata': 'APPLY_METADATA_QUEUE_URL',
  'fail-import': 'FAIL_IMPORT_QUEUE_URL',
  'replicate-image': 'REPLICATE_IMAGE_QUEUE_URL',
} as const satisfies Record<QueueFunction, string>;

const environment = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]));

/** A function's handler, loaded with the environment as it is now. */
export const loadHandler = async (name: string): Promise<Handler> =>
  ((await import(`../../functions/${name}.ts`)) as { handler: Handler }).handler;

const inThisProcess = async (name: QueueFunction, endOfRun?: () => AbortSignal): Promise<Runner> => {
  const handler = await loadHandler(name);
  const context = () => ({ ...lambdaContext(), ...(endOfRun && { stopping: endOfRun() }) });
  return { invoke: (event) => handler(event, context()), kill: () => Promise.resolve() };
};

const inProcessesOfItsOwn = (name: QueueFunction, report: (line: string) => void): Runner => {
  const file = fileURLToPath(new URL(`../../functions/${name}.ts`, import.meta.url));
  const settings = { name, file, exportName: 'handler', env: environment(), timeoutS: 900, memoryMB: 1769 };
  const { invoke, stop } = createSandboxes(settings, report);
  return { invoke, kill: stop };
};

/** By function, what tells a run in this process that its time has ended. */
export type EndsOfRuns = Readonly<Partial<Record<QueueFunction, () => AbortSignal>>>;

export interface PollerOptions {
  /** Functions run in processes of their own, which say what they used as Lambda's REPORT line does. */
  readonly ownProcesses: boolean;
  readonly endOfRun?: EndsOfRuns;
  /** Takes the REPORT lines. */
  report?(line: string): void;
}

/** Feeds the functions from their queues. */
export const startPollers = async (
  names: readonly QueueFunction[],
  { ownProcesses, endOfRun = {}, report = () => undefined }: PollerOptions,
): Promise<Pollers> => {
  const sqs = new SQSClient({});
  const started = await Promise.all(
    names.map(async (name) => {
      const runner = ownProcesses
        ? inProcessesOfItsOwn(name, report)
        : await inThisProcess(name, endOfRun[name]);
      const queueUrl = process.env[urlVariable[name]] ?? '';
      const queue = { queueUrl, queueArn: `arn:aws:sqs:us-east-1:000000000000:${name}`, batchSize: 1 };
      const mapping = { ...queue, maximumConcurrency: 4, reportsBatchItemFailures: true };
      return { name, runner, poller: startPoller(sqs, mapping, runner.invoke, () => undefined) };
    }),
  );
  return {
    kill: async (wanted) => {
      for (const { name, runner } of started) if (name === wanted) await runner.kill();
    },
    stop: async () => {
      await Promise.all(started.map(({ poller }) => poller.abandon()));
      await Promise.all(started.map(({ runner }) => runner.kill()));
      sqs.destroy();
    },
  };
};
