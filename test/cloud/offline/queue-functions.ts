import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SQSClient } from '@aws-sdk/client-sqs';
import { arnOwnerOf } from '../aws/blueprint.ts';
import { queueArn, queueUrl } from '../aws/queue-names.ts';
import { environmentOf, type ServerlessFunction, type ServerlessService } from './environment.ts';
import { createSandboxes, type FunctionSettings } from './sandbox.ts';
import { type Mapping, startPoller } from './sqs-poller.ts';

/** The part of osls that is used here. */
export interface Serverless {
  readonly service: ServerlessService;
  readonly serviceDir: string;
}

/** An sqs event as serverless.yml has it. */
interface SqsEventPlan {
  readonly arn: unknown;
  readonly batchSize?: number;
  readonly maximumConcurrency?: number;
  readonly functionResponseType?: 'ReportBatchItemFailures';
}

/** How long running batches may take to end when serverless-offline stops, in ms. */
const drainMs = 10_000;

const log = (line: string) => process.stderr.write(`${line}\n`);

const sqsEventsOf = ({ events }: ServerlessFunction) =>
  events.flatMap((event) => (event['sqs'] === undefined ? [] : [event['sqs'] as SqsEventPlan]));

function settingsOf(
  name: string,
  plan: ServerlessFunction,
  { service, serviceDir }: Serverless,
): FunctionSettings {
  const [path = '', exportName = ''] = plan.handler.split('.');
  const built = join(serviceDir, service.custom?.['serverless-offline']?.location ?? '.', path);
  const file = [`${built}.cjs`, `${built}.js`, `${built}.ts`].find(existsSync);
  if (!file) throw new Error(`${name}: there is no ${built}.cjs, .js or .ts`);
  return {
    name,
    file,
    exportName,
    env: environmentOf(plan, service, process.env),
    timeoutS: plan.timeout ?? service.provider.timeout ?? 6,
    memoryMB: plan.memorySize ?? service.provider.memorySize ?? 1024,
  };
}

/** The queue bears the logical id that the event's `!GetAtt …Arn` names. Numbers not given are Lambda's defaults. */
function mappingOf(name: string, event: SqsEventPlan): Mapping {
  const queue = arnOwnerOf(event.arn);
  const { AWS_ENDPOINT_URL_SQS: endpoint, AWS_REGION: region = 'us-east-1' } = process.env;
  if (!queue) throw new Error(`${name}: the event's arn must be !GetAtt <queue>.Arn`);
  if (!endpoint)
    throw new Error('AWS_ENDPOINT_URL_SQS is not set. `npm start` starts the functions with all they need.');
  return {
    queueUrl: queueUrl(endpoint, queue),
    queueArn: queueArn(region, queue),
    batchSize: event.batchSize ?? 10,
    maximumConcurrency: event.maximumConcurrency ?? 5,
    reportsBatchItemFailures: event.functionResponseType === 'ReportBatchItemFailures',
  };
}

/**
 * Runs every function that a queue feeds.
 * @returns stop: lets running batches end, for a while, then ends the processes
 */
export function startQueueFunctions(serverless: Serverless) {
  const sqs = new SQSClient({ region: process.env['AWS_REGION'] ?? 'us-east-1' });
  const started = Object.entries(serverless.service.functions).flatMap(([name, plan]) =>
    sqsEventsOf(plan).map((event) => {
      const sandboxes = createSandboxes(settingsOf(name, plan, serverless), log);
      return { sandboxes, poller: startPoller(sqs, mappingOf(name, event), sandboxes.invoke, log) };
    }),
  );
  return async (): Promise<void> => {
    const drained = Promise.all(started.map(({ poller }) => poller.stop()));
    await Promise.race([drained, delay(drainMs, undefined, { ref: false })]);
    await Promise.all(started.map(({ sandboxes }) => sandboxes.stop()));
    sqs.destroy();
  };
}
