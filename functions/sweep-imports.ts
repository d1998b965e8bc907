import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import { createSqsClient } from '../lib/aws/queue.ts';
import { createStoreSweep } from '../lib/aws/state/sweep.ts';
import { composeRelay } from '../lib/compose/relay.ts';
import { composeSend, composeState } from '../lib/compose/state.ts';
import { loadConfig } from '../lib/config.ts';
import { createSweepImports } from '../lib/imports/end/sweep-imports.ts';
import { log } from '../lib/log.ts';

// On a schedule: what remains when even the messages are gone.

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

export const handler = middy()
  .use(injectLambdaContext(log, { resetKeys: true, logEvent: false }))
  .handler((_event: unknown, context) =>
    sweepImports({ signal: AbortSignal.timeout(context.getRemainingTimeInMillis()) }),
  );
