import type { Readable } from 'node:stream';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll } from 'vitest';
import { createClaims } from '../../../lib/aws/state/claims.ts';
import { createCopies } from '../../../lib/aws/state/copies.ts';
import { createLocks } from '../../../lib/aws/state/locks.ts';
import { createSeatTable } from '../../../lib/aws/state/seats.ts';
import { createStoreSweep } from '../../../lib/aws/state/sweep.ts';
import { createTasks } from '../../../lib/aws/state/tasks.ts';
import { createDynamoClient, createTable } from '../../../lib/aws/table.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { losingClient } from '../../losing-client.ts';
import { startLocalAws } from '../../unit/local-aws.ts';
import { leaseMs, type State, type StateStore, ttlH } from './store.ts';

const open = (client: DynamoDBClient, tableName: string): State => {
  const table = createTable(client, tableName);
  return {
    claims: createClaims(table, { leaseMs }),
    tasks: createTasks(table, { ttlH }),
    copies: createCopies(table, { leaseMs }),
    sweep: createStoreSweep(table),
    locks: createLocks(table),
    seatsAt: (step) => createSeatTable(table, { step, leaseMs }),
  };
};

/** A client whose every request waits, and whose writes are made more than once if that is asked for. */
const waitingClient = (before: () => Promise<unknown>, times = 1): DynamoDBClient => {
  const client = createDynamoClient();
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = async (request, options) => {
    const isRead = /\.(GetItem|Query|Scan)$/.test(String(request.headers['x-amz-target']));
    for (let sent = 1; sent < times && !isRead; sent += 1) {
      await before();
      const { response } = await handle(request, options);
      (response.body as Readable).resume();
    }
    await before();
    return await handle(request, options);
  };
  return client;
};

const dynamoStore = (tableName: string): StateStore => ({
  open: (before) => open(before ? waitingClient(before) : createDynamoClient(), tableName),
  openTwice: (before) => open(waitingClient(before, 2), tableName),
  openLosing: (between) => open(losingClient(between), tableName),
  expiriesOf: async (word) => {
    const found: number[] = [];
    for await (const page of createTable(createDynamoClient(), tableName).scan())
      for (const item of page)
        if (JSON.stringify(item).includes(word)) found.push(Number(item['expiresAtS']) * 1000);
    return found;
  },
});

/** The state in a table of the emulated DynamoDB, for the cases of its port, as long as a test file runs. */
export const useDynamoStore = (): (() => StateStore) => {
  let aws: LocalAws;
  let store: StateStore;
  beforeAll(async () => {
    aws = await startLocalAws();
    store = dynamoStore(aws.tableName);
  });
  afterAll(() => aws.stop());
  return () => store;
};
