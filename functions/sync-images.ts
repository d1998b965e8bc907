import { createSendReplicate, createSqsClient } from '../lib/aws/queue.ts';
import { composeClouds } from '../lib/compose/clouds.ts';
import { composeOpenStack } from '../lib/compose/openstack.ts';
import { composePolicies } from '../lib/compose/policies.ts';
import { composeState } from '../lib/compose/state.ts';
import { loadConfig } from '../lib/config.ts';
import { createHistoryOf } from '../lib/replication/replicate/imports/read-imports.ts';
import { answerOf } from '../lib/replication/sync/answer.ts';
import { createImporter } from '../lib/replication/sync/importer.ts';
import { parseSyncRequest } from '../lib/replication/sync/parse-request.ts';
import { createSyncImages } from '../lib/replication/sync/sync-images.ts';
import { directHandler } from '../lib/steps/direct-handler.ts';

// On a schedule, or invoked with `{policy, dryRun}`: regions become as the deployment's policies say. What is to be copied
// is left to replicate-image, so that a run takes no longer than its lists; what its time does not suffice for, to the next.

const config = loadConfig(process.env, ['IMPORTS_TABLE', 'REPLICATE_IMAGE_QUEUE_URL']);
const syncImages = createSyncImages({
  clouds: composeClouds(config, composeOpenStack(config)),
  policies: composePolicies(config),
  historyOf: createHistoryOf(composeState(config), { isRoutine: true }),
  importerOf: createImporter(createSendReplicate(createSqsClient(), config.REPLICATE_IMAGE_QUEUE_URL)),
});

export const handler = directHandler(config.DEADLINE_RESERVE_S, async (event, { signal }) => {
  const request = parseSyncRequest(event);
  const reports = await syncImages(request, { signal, atMs: Date.now() });
  return answerOf(reports, { isDry: request.dryRun ?? false });
});
