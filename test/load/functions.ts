import { deployedRuntime } from '../bench/measured-function.ts';
import { sqsClient } from '../bench/stage.ts';
import { readBlueprint } from '../cloud/aws/blueprint.ts';
import { createSandboxes } from '../cloud/offline/sandbox.ts';
import { startPoller } from '../cloud/offline/sqs-poller.ts';
import { type ImportFunction, queueFunctions } from '../integration/pollers.ts';
import type { Env, LoadCloud } from './cloud.ts';

const parameters = readBlueprint().params.default;
const defaultOf = (name: string): number => Number(/'(\d+)'/.exec(parameters[name] ?? '')?.[1]);

/** How each function is deployed: its queue, its parameters at the head of serverless.yml. */
const deployed = {
  'stream-image': { queue: 'StreamImageQueue', size: 'STREAM' },
  'apply-metadata': { queue: 'ApplyMetadataQueue', size: 'APPLY' },
  'fail-import': { queue: 'FailImportQueue', size: 'FAIL' },
} as const satisfies Record<ImportFunction, { queue: string; size: string }>;

export interface RunningFunctions {
  /** MiB, the most of any process of each function, as it says itself at the end of each invocation. */
  readonly peaksMiB: ReadonlyMap<string, number>;
  /** What functions threw, and what the pollers say. */
  readonly complaints: readonly string[];
  stop(): Promise<void>;
}

/**
 * The queues' functions as deployed by default, each invocation in a process of its own, so many at a time as
 * serverless.yml says.
 * @param settings over those of the cloud
 */
export const startFunctions = (
  cloud: Pick<LoadCloud, 'env' | 'fileOf'> & { readonly aws: Pick<LoadCloud['aws'], 'queues'> },
  settings: Env = {},
): RunningFunctions => {
  const sqs = sqsClient(cloud.env);
  const peaksMiB = new Map<string, number>();
  const complaints: string[] = [];
  const report = (line: string): void => {
    const [, name, mebibytes] = /^REPORT (\S+) .*Max Memory Used: (\d+) MB$/.exec(line) ?? [];
    if (name) peaksMiB.set(name, Math.max(peaksMiB.get(name) ?? 0, Number(mebibytes)));
  };

  const started = queueFunctions.map((name) => {
    const { queue, size } = deployed[name];
    const { url: queueUrl = '', arn: queueArn = '' } = cloud.aws.queues[queue] ?? {};
    const memoryMB = defaultOf(`${size}_MEMORY_MB`);
    const env = { ...deployedRuntime, ...cloud.env, ...settings };
    const file = cloud.fileOf(name);
    const sandboxes = createSandboxes(
      { name, file, exportName: 'handler', env, timeoutS: 900, memoryMB },
      report,
    );
    const maximumConcurrency = defaultOf(`${size}_CONCURRENCY`);
    const mapping = { queueUrl, queueArn, batchSize: 1, maximumConcurrency, reportsBatchItemFailures: true };
    return {
      sandboxes,
      poller: startPoller(sqs, mapping, sandboxes.invoke, (line) => complaints.push(line)),
    };
  });

  return {
    peaksMiB,
    complaints,
    stop: async () => {
      await Promise.all(started.map(({ poller }) => poller.stop()));
      await Promise.all(started.map(({ sandboxes }) => sandboxes.stop()));
      sqs.destroy();
    },
  };
};
