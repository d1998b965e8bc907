import { httpHandler, json } from '../lib/api/http-handler.ts';
import { hasty } from '../lib/aws/patience.ts';
import { composeAuthUrl, composeOpenStack, composeTargets } from '../lib/compose/openstack.ts';
import { composeState } from '../lib/compose/state.ts';
import { loadConfig } from '../lib/config.ts';
import { createListTasks } from '../lib/imports/record/list-tasks.ts';

// GET /v2/images/{image_id}/tasks, alone or below /regions/{region}: Glance's task list, with live progress.

const config = loadConfig(process.env, ['IMPORTS_TABLE']);
const openstack = composeOpenStack(config);
const listTasks = createListTasks({
  ...composeState(config, hasty),
  targets: composeTargets(config, openstack),
});

export const handler = httpHandler(
  { method: 'GET', beside: ['DELETE'], authUrl: composeAuthUrl(config), contract: config.API_CONTRACT },
  async (call) => json(200, { tasks: await listTasks(call) }),
);
