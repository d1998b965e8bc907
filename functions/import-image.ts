import { pathOf } from '../lib/api/address.ts';
import { httpHandler, json } from '../lib/api/http-handler.ts';
import { hurried } from '../lib/aws/events.ts';
import { hasty } from '../lib/aws/patience.ts';
import { createSqsClient } from '../lib/aws/queue.ts';
import { composeKeystones } from '../lib/compose/clouds.ts';
import { composeAnnounce } from '../lib/compose/events.ts';
import {
  composeAuthUrl,
  composeOpenStack,
  composePropertyRules,
  composeTargets,
  composeUriFilter,
} from '../lib/compose/openstack.ts';
import { composeTransferLimits } from '../lib/compose/relay.ts';
import { composeSealer } from '../lib/compose/secrets.ts';
import { composeSend, composeState } from '../lib/compose/state.ts';
import { loadConfig, sealingSecret } from '../lib/config.ts';
import { taskView } from '../lib/imports/record/task-view.ts';
import { createSourceCheck } from '../lib/imports/request/check-source.ts';
import { createEnabledMethods } from '../lib/imports/request/enabled-methods.ts';
import { createRequestImport } from '../lib/imports/request/request-import.ts';
import { createSourceCloud } from '../lib/imports/request/source-cloud.ts';
import type { Token } from '../lib/schemas/ids.ts';

// POST /v2/images/{image_id}/import, alone or below /regions/{region}: validate, claim, queue.

const config = loadConfig(
  process.env,
  ['IMPORTS_TABLE', 'STREAM_IMAGE_QUEUE_URL', 'FAIL_IMPORT_QUEUE_URL'],
  sealingSecret,
);
const openstack = composeOpenStack(config);

const requestImport = createRequestImport({
  ...composeState(config, hasty),
  targets: composeTargets(config, openstack),
  sealer: composeSealer(config),
  findSourceCloud: createSourceCloud({ ...openstack, keystones: composeKeystones(config, openstack) }),
  send: composeSend(config, createSqsClient(hasty)),
  announce: composeAnnounce(config, hurried),
  enabledMethods: createEnabledMethods(config.OS_DEFAULT__ENABLED_IMPORT_METHODS),
  checkSource: createSourceCheck({
    ...openstack,
    ...composeTransferLimits(config),
    uriFilter: composeUriFilter(config),
    propertyPrefixes: composePropertyRules(config).prefixes,
  }),
  contract: config.API_CONTRACT,
  activation: config.ACTIVATION,
});

/** Upstream's answer: 202, empty, and the content type really is text/html. */
const accepted = { statusCode: 202, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: '' };

export const handler = httpHandler(
  { method: 'POST', authUrl: composeAuthUrl(config), contract: config.API_CONTRACT },
  async (call) => {
    const sourceToken = call.header('x-source-auth-token') as Token | undefined;
    const task = await requestImport({ ...call, store: call.header('x-image-meta-store'), sourceToken });
    if (config.API_CONTRACT === 'glance') return accepted;
    return json(201, taskView(task), { location: `${pathOf(call.region)}/v2/images/${task.imageId}/tasks` });
  },
);
