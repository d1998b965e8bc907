import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Patience } from '../aws/patience.ts';
import { createSend } from '../aws/queue.ts';
import { createClaims } from '../aws/state/claims.ts';
import { createCopies } from '../aws/state/copies.ts';
import { createSeatTable } from '../aws/state/seats.ts';
import { createTasks } from '../aws/state/tasks.ts';
import { createDynamoClient, createTable, type Table } from '../aws/table.ts';
import type { Config } from '../config.ts';
import type { Send, StepName } from '../state/messages.ts';
import { leaseMsOf } from '../steps/heartbeat.ts';
import { createSeats, type Seats } from '../steps/seats.ts';

// From settings to the state and queue ports.

/** @param patience with the table; the usual one when absent */
export const composeState = (config: Config<'IMPORTS_TABLE'>, patience?: Patience) => {
  const table = createTable(createDynamoClient(patience), config.IMPORTS_TABLE);
  const leaseMs = leaseMsOf(config.HEARTBEAT_S);
  return {
    table,
    tasks: createTasks(table, { ttlH: config.TASK_TTL_H }),
    claims: createClaims(table, { leaseMs }),
    copies: createCopies(table, { leaseMs }),
  };
};

/** To those queues that the function knows. */
export const composeSend = (config: Config, sqs: SQSClient): Send =>
  createSend(sqs, {
    'stream-image': config.STREAM_IMAGE_QUEUE_URL,
    'apply-metadata': config.APPLY_METADATA_QUEUE_URL,
    'fail-import': config.FAIL_IMPORT_QUEUE_URL,
  });

export const composePace = (config: Config) => ({
  heartbeatS: config.HEARTBEAT_S,
  retryDelayS: config.RETRY_DELAY_S,
});

/** @returns nothing where no project has to wait for its turn */
export const composeSeats = (
  config: Config,
  table: Table,
  { step, concurrency }: { readonly step: StepName; readonly concurrency: number },
): { readonly seats?: Seats } => {
  const percent = config.PROJECT_SHARE_PERCENT;
  if (percent === 100) return {};
  const seats = createSeatTable(table, { step, leaseMs: leaseMsOf(config.HEARTBEAT_S) });
  return { seats: createSeats(seats, { share: { concurrency, percent } }) };
};
