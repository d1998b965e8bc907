import { createServer, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { listen } from '../cloud/aws/listen.ts';
import { s3Operation, targetOperation } from './s3-operation.ts';

/** What has gone through: requests by operation, and DynamoDB's read and write units. */
export interface Counts {
  readonly requests: Record<string, number>;
  readonly units: { read: number; write: number };
}

const emptyCounts = (): Counts => ({ requests: {}, units: { read: 0, write: 0 } });

const readsOf: readonly string[] = ['GetItem', 'Query'];

/** DynamoDB tells what a request has cost, if it is asked to. */
const withCapacity = (body: Buffer): Buffer =>
  Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), ReturnConsumedCapacity: 'TOTAL' }));

interface Capacity {
  readonly CapacityUnits?: number;
}

/** Of one table, or, for a batch, of a list of them. */
const capacityOf = (body: Buffer): number => {
  const { ConsumedCapacity: told = [] } = JSON.parse(body.toString()) as {
    ConsumedCapacity?: Capacity | readonly Capacity[];
  };
  return [told].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
};

const forward = async (incoming: IncomingMessage, endpoint: string, body: Buffer | IncomingMessage) => {
  const { method, headers } = incoming;
  const length = Buffer.isBuffer(body) ? { 'content-length': String(body.length) } : {};
  const outgoing = request(`${endpoint}${incoming.url}`, { method, headers: { ...headers, ...length } });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve).once('error', reject);
  });
  if (Buffer.isBuffer(body)) outgoing.end(body);
  else await pipeline(body, outgoing);
  return await answered;
};

/** A proxy in front of one service of the emulated cloud that counts what is asked of it. */
export const startCountingProxy = async (
  service: 's3' | 'sqs' | 'dynamodb' | 'eventbridge',
  endpoint: string,
) => {
  let counts = emptyCounts();
  const nameOf = service === 's3' ? s3Operation : targetOperation;

  const countUnits = (operation: string, answer: Buffer): void => {
    const kind = readsOf.includes(operation) ? 'read' : 'write';
    counts.units[kind] += capacityOf(answer);
  };

  const server = createServer(async (incoming, response) => {
    const operation = nameOf(incoming);
    counts.requests[operation] = (counts.requests[operation] ?? 0) + 1;
    const body = service === 'dynamodb' ? withCapacity(await buffer(incoming)) : incoming;
    const answer = await forward(incoming, endpoint, body);
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    if (service !== 'dynamodb') return void (await pipeline(answer, response));
    const bytes = await buffer(answer);
    if (answer.statusCode === 200) countUnits(operation, bytes);
    response.end(bytes);
  });
  const url = await listen(server, 0, `the proxy of ${service}`);
  return {
    url,
    /** What has gone through since the last call. */
    take: (): Counts => {
      const taken = counts;
      counts = emptyCounts();
      return taken;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
