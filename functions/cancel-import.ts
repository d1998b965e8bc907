import { httpHandler } from '../lib/api/http-handler.ts';
import { hasty } from '../lib/aws/patience.ts';
import { createSqsClient } from '../lib/aws/queue.ts';
import { composeAuthUrl, composeOpenStack, composeTargets } from '../lib/compose/openstack.ts';
import { composeSend, composeState } from '../lib/compose/state.ts';
import { loadConfig } from '../lib/config.ts';
import { createCancelImport } from '../lib/imports/end/cancel-import.ts';

// DELETE /v2/images/{image_id}/tasks, alone or below /regions/{region}: ends the image's running imports. Glance has no such
// route.

const config = loadConfig(process.env, ['IMPORTS_TABLE', 'FAIL_IMPORT_QUEUE_URL']);
const openstack = composeOpenStack(config);
const cancelImport = createCancelImport({
  ...composeState(config, hasty),
  targets: composeTargets(config, openstack),
  send: composeSend(config, createSqsClient(hasty)),
});

export const handler = httpHandler(
  { method: 'DELETE', beside: ['GET'], authUrl: composeAuthUrl(config), contract: config.API_CONTRACT },
  async (call) => {
    await cancelImport(call);
    return { statusCode: 204 };
  },
);
