import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoClient } from '../lib/aws/table.ts';

/**
 * A client whose every write is sent twice: the first answer never comes, so the SDK sends it again.
 * @param between what others do in between
 */
export const losingClient = (between: () => Promise<unknown> = () => Promise.resolve()): DynamoDBClient => {
  const client = createDynamoClient();
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  const answered = new Set<string>();
  requestHandler.handle = async (request, options) => {
    const answer = await handle(request, options);
    const sent = `${request.headers['x-amz-target']} ${Buffer.from(request.body).toString()}`;
    if (sent.includes('GetItem') || answered.has(sent)) return answer;
    answered.add(sent);
    await between();
    throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });
  };
  return client;
};
