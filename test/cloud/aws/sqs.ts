import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { arnOwnerOf, type Blueprint, type Resource, resourcesOf } from './blueprint.ts';
import { queueArn, queueUrl } from './queue-names.ts';
import type { AwsSettings } from './settings.ts';
import { answerForms } from './sqs-query.ts';

export interface LocalQueue {
  readonly url: string;
  readonly arn: string;
}

/** fauxqs on 127.0.0.1; its S3 side is not used. Returns the endpoint and how to stop it. */
export async function startSqs({ ports, region }: AwsSettings) {
  const app = buildApp({ logger: false, host: '127.0.0.1', defaultRegion: region });
  answerForms(app);
  const endpoint = await app.listen({ host: '127.0.0.1', port: ports.sqs }).catch((cause) => {
    throw new Error(`SQS cannot listen on 127.0.0.1:${ports.sqs}: ${cause.message}`, { cause });
  });
  return { endpoint, stop: async () => void (await app.close()) };
}

/** Attributes as CreateQueue wants them: strings, the redrive policy as JSON. */
function attributesOf(properties: Resource['Properties'], { region, visibilityS }: AwsSettings) {
  const { VisibilityTimeout, MessageRetentionPeriod, RedrivePolicy } = properties;
  const redrive = RedrivePolicy as { deadLetterTargetArn: unknown; maxReceiveCount: number } | undefined;
  const deadLetterQueue = arnOwnerOf(redrive?.deadLetterTargetArn);
  return {
    ...(VisibilityTimeout !== undefined && { VisibilityTimeout: String(visibilityS ?? VisibilityTimeout) }),
    ...(MessageRetentionPeriod !== undefined && { MessageRetentionPeriod: String(MessageRetentionPeriod) }),
    ...(deadLetterQueue !== undefined && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: queueArn(region, deadLetterQueue),
        maxReceiveCount: redrive?.maxReceiveCount,
      }),
    }),
  };
}

/** Creates every queue of the blueprint under its logical id. */
export async function createQueues(
  sqs: SQSClient,
  blueprint: Blueprint,
  settings: AwsSettings & { readonly endpoint: string },
): Promise<Record<string, LocalQueue>> {
  const queues: Record<string, LocalQueue> = {};
  for (const [name, properties] of resourcesOf(blueprint, 'AWS::SQS::Queue')) {
    const Attributes = attributesOf(properties, settings);
    await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    queues[name] = { url: queueUrl(settings.endpoint, name), arn: queueArn(settings.region, name) };
  }
  return queues;
}
