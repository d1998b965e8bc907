import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { readBlueprint } from '../blueprint.ts';
import { credentials } from '../credentials.ts';
import { queueUrl } from '../queue-names.ts';
import type { AwsSettings } from '../settings.ts';
import { rulesOf } from './rules.ts';
import { startEventBridge } from './server.ts';

/**
 * EventBridge with the rules of serverless.yml.
 * @param settings.sqs the endpoint where the rules' queues are
 */
export async function startEvents({ ports, region, sqs }: AwsSettings & { readonly sqs: string }) {
  const client = new SQSClient({ region, credentials, endpoint: sqs });
  const deliver = async (queue: string, MessageBody: string): Promise<void> => {
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl(sqs, queue), MessageBody }));
  };
  const bridge = await startEventBridge({ port: ports.eventBridge, region, deliver });
  for (const rule of rulesOf(readBlueprint())) bridge.events.addRule(rule);
  const stop = async (): Promise<void> => {
    await bridge.stop();
    client.destroy();
  };
  return { ...bridge, stop };
}
