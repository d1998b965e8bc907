import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import { createRelayStore, type RelayStore } from '../../lib/aws/s3/relay-store.ts';
import { createS3Client } from '../../lib/aws/s3/s3-client.ts';
import { createClaims } from '../../lib/aws/state/claims.ts';
import { createCopies } from '../../lib/aws/state/copies.ts';
import { createTasks } from '../../lib/aws/state/tasks.ts';
import { createDynamoClient, createTable, type Table } from '../../lib/aws/table.ts';
import { copyIdFor } from '../../lib/copies/record/copy-id.ts';
import { log } from '../../lib/log.ts';
import { type CopyId, newAttemptId } from '../../lib/schemas/ids.ts';
import type { Announce, StateChange } from '../../lib/state/announce.ts';
import type { Claims } from '../../lib/state/claims.ts';
import type { Copies } from '../../lib/state/copies.ts';
import type { Copy, CopyChanges } from '../../lib/state/copy.ts';
import type { Sending } from '../../lib/state/messages.ts';
import { type ImportRef, importRef, wholeCopy } from '../../lib/state/refs.ts';
import type { Task } from '../../lib/state/task.ts';
import type { Tasks } from '../../lib/state/tasks.ts';
import type { LocalAws, StartAwsOptions } from '../cloud/aws/aws.ts';
import { newCopy } from '../contract/state/fixtures.ts';
import { createTraces } from '../integration/traces.ts';
import { startLocalAws } from './local-aws.ts';

/** State, relay, what was sent and what was told, as a step has them. */
export interface LocalState {
  readonly aws: LocalAws;
  readonly table: Table;
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly copies: Copies;
  readonly relay: RelayStore;
  readonly sent: Sending[];
  readonly send: (sending: Sending) => Promise<void>;
  readonly told: StateChange[];
  readonly announce: Announce;
  readonly keepMs: number;
}

const leaseMs = 30_000; // longer than any step that is run

/** State and relay on this machine, for the tests of one file. */
export const useLocalState = (options: Partial<StartAwsOptions> = {}): (() => LocalState) => {
  let state: LocalState;
  beforeAll(async () => {
    log.setLogLevel('SILENT');
    const aws = await startLocalAws(options);
    const table = createTable(createDynamoClient(), aws.tableName);
    const sent: Sending[] = [];
    const told: StateChange[] = [];
    state = {
      aws,
      table,
      tasks: createTasks(table, { ttlH: 48 }),
      claims: createClaims(table, { leaseMs }),
      copies: createCopies(table, { leaseMs }),
      relay: createRelayStore(createS3Client(), aws.bucketName, { checksum: 'crc32', stallMs: 5_000 }),
      sent,
      send: async (sending) => {
        sent.push(sending);
      },
      told,
      announce: async (change) => {
        told.push(change);
      },
      keepMs: 0,
    };
  });
  afterAll(() => state.aws.stop());
  return () => state;
};

export const newCopyId = (): CopyId => randomBytes(32).toString('hex') as CopyId;

/** A copy of the source of the first of those who wait for it, in any state; no attempt is at it. */
export const makeCopy = async (
  { copies }: Pick<LocalState, 'copies'>,
  [first, ...others]: readonly [Task, ...ImportRef[]],
  changes: CopyChanges = {},
  identity: string = randomUUID(),
): Promise<Copy> => {
  const attempt = newAttemptId();
  const copyId = copyIdFor(first, { identity });
  const making = { ...newCopy(copyId), identity };
  const row = { copyId, row: wholeCopy };
  expect(await copies.create(making, importRef(first), attempt)).toBe(true);
  for (const other of others) await copies.join(copyId, importRef(other));
  await copies.update(row, attempt, changes);
  await copies.pause(row, attempt);
  const copy = await copies.get(copyId);
  if (!copy) throw new Error('there is no copy');
  return copy;
};

/** Keys of all that lies in the relay. */
export const relayOf = ({ aws }: LocalState): Promise<object> => createTraces(aws).relay();

/** A port that dies after one of its calls. */
export const dyingAfter = <T extends object>(port: T, call: string): T =>
  new Proxy(port, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name);
      if (name !== call || typeof found !== 'function') return found;
      return async (...args: unknown[]) => {
        await Reflect.apply(found, target, args);
        throw new Error(`dead after ${call}`);
      };
    },
  });
