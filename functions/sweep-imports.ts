import { createSqsClient } from '../lib/aws/queue.ts';
import { createStoreSweep } from '../lib/aws/state/sweep.ts';
import { composeRelay } from '../lib/compose/relay.ts';
import { composeSend, composeState } from '../lib/compose/state.ts';
import { loadConfig } from '../lib/config.ts';
import { createSweepImports } from '../lib/imports/sweep/sweep-imports.ts';
import { directHandler } from '../lib/steps/direct-handler.ts';

// Once an hour: resumes or ends imports and copies whose queue messages were lost, and deletes orphaned claims, uploads,
// objects and checkpoints.

const config = loadConfig(process.env, [
  'IMPORTS_TABLE',
  'RELAY_BUCKET',
  'STREAM_IMAGE_QUEUE_URL',
  'FAIL_IMPORT_QUEUE_URL',
]);
const state = composeState(config);
const sweepImports = createSweepImports({
  ...state,
  ...composeRelay(config),
  store: createStoreSweep(state.table),
  send: composeSend(config, createSqsClient()),
});

export const handler = directHandler(config.DEADLINE_RESERVE_S, (_event, { signal }) =>
  sweepImports({ signal }),
);
