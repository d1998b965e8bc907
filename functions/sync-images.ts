import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import { createSendReplicate, createSqsClient } from '../lib/aws/queue.ts';
import { composeClouds } from '../lib/compose/clouds.ts';
import { composeOpenStack } from '../lib/compose/openstack.ts';
import { composePolicies } from '../lib/compose/policies.ts';
import { loadConfig } from '../lib/config.ts';
import { log } from '../lib/log.ts';
import { answerOf } from '../lib/replication/sync/answer.ts';
import { createImporter } from '../lib/replication/sync/importer.ts';
import { parseSyncRequest } from '../lib/replication/sync/parse-request.ts';
import { createSyncImages } from '../lib/replication/sync/sync-images.ts';
import { createDeadline } from '../lib/steps/deadline.ts';

// On a schedule, or invoked with `{policy, dryRun}`: regions become as the deployment's policies say. What is to be copied
// is left to replicate-image, so that a run takes no longer than its lists; what its time does not suffice for, to the next.

const config = loadConfig(process.env, ['REPLICATE_IMAGE_QUEUE_URL']);
const syncImages = createSyncImages({
  clouds: composeClouds(config, composeOpenStack(config)),
  policies: composePolicies(config),
  importerOf: createImporter(createSendReplicate(createSqsClient(), config.REPLICATE_IMAGE_QUEUE_URL)),
});

export const handler = middy()
  .use(injectLambdaContext(log, { resetKeys: true, logEvent: false }))
  .handler(async (event: unknown, context) => {
    const request = parseSyncRequest(event);
    const deadline = createDeadline(context, config.DEADLINE_RESERVE_S);
    try {
      const reports = await syncImages(request, { signal: deadline.signal, atMs: Date.now() });
      return answerOf(reports, { isDry: request.dryRun ?? false });
    } finally {
      deadline.close();
    }
  });
