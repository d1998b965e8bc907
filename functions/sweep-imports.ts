import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import { createOutbox, createSqsClient } from '../lib/aws/queue.ts';
import { composeRelay, composeState } from '../lib/compose/compose.ts';
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
const sqs = createSqsClient();
const sweepImports = createSweepImports({
  ...composeState(config),
  relay: composeRelay(config),
  streamQueue: createOutbox(sqs, config.STREAM_IMAGE_QUEUE_URL),
  failQueue: createOutbox(sqs, config.FAIL_IMPORT_QUEUE_URL),
});

export const handler = middy()
  .use(injectLambdaContext(log, { resetKeys: true, logEvent: false }))
  .handler((_event: unknown, context) =>
    sweepImports({ signal: AbortSignal.timeout(context.getRemainingTimeInMillis()) }),
  );
