import { unhurried } from '../lib/aws/events.ts';
import { createSqsClient, deliveryOf } from '../lib/aws/queue.ts';
import { composeAnnounce } from '../lib/compose/events.ts';
import { composeAccess, composeOpenStack } from '../lib/compose/openstack.ts';
import { composeBudget, composeRelay } from '../lib/compose/relay.ts';
import { composeServiceUser } from '../lib/compose/secrets.ts';
import { composePace, composeSend, composeState } from '../lib/compose/state.ts';
import { loadConfig, sealingSecret, stepSettings } from '../lib/config.ts';
import { createFailCopy } from '../lib/copies/end/fail-copy.ts';
import { createFailImport } from '../lib/imports/end/fail-import.ts';
import { isOfCopy } from '../lib/state/messages.ts';
import { queueHandler } from '../lib/steps/queue-handler.ts';
import { runStep } from '../lib/steps/run-step.ts';

// Queue fail-import, where final errors and dead letters arrive: roll back, say why. A copy's dead letter fails all who wait.

const config = loadConfig(process.env, stepSettings, sealingSecret);
const openstack = composeOpenStack(config, composeServiceUser(config));
const sqs = createSqsClient();
const services = {
  ...composeState(config),
  ...composeRelay(config),
  ...composeBudget(config),
  ...composePace(config),
  name: 'fail-import',
  send: composeSend(config, sqs),
  announce: composeAnnounce(config, unhurried),
  openAccess: composeAccess(config, openstack),
} as const;

const failImport = createFailImport(services);
const failCopy = createFailCopy(services);

export const handler = queueHandler(
  {
    step: 'fail-import',
    deliveryOf: deliveryOf(sqs, config.FAIL_IMPORT_QUEUE_URL),
    deadlineReserveS: config.DEADLINE_RESERVE_S,
  },
  async ({ message, ...received }) => {
    if (isOfCopy(message)) await runStep(services, failCopy, { ...received, message });
    else await runStep(services, failImport, { ...received, message });
  },
);
