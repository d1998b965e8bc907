import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { credentials } from '../credentials.ts';
import { queueUrl } from '../queue-names.ts';
import type { AwsSettings } from '../settings.ts';
import type { Rule } from './rules.ts';
import { startEventBridge } from './server.ts';

/**
 * EventBridge with rules.
 * @param settings.sqs the endpoint where their queues are
 */
export async function startEvents(
  rules: readonly Rule[],
  { ports, region, sqs }: AwsSettings & { readonly sqs: string },
) {
  const client = new SQSClient({ region, credentials, endpoint: sqs });
  const deliver = async (queue: string, MessageBody: string): Promise<void> => {
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl(sqs, queue), MessageBody }));
  };
  const bridge = await startEventBridge({ port: ports.eventBridge, region, deliver });
  for (const rule of rules) bridge.events.addRule(rule);
  const stop = async (): Promise<void> => {
    await bridge.stop();
    client.destroy();
  };
  return { ...bridge, stop };
}
