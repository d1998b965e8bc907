import { createOutbox, createSqsClient } from '../lib/aws/queue.ts';
import {
  composeAccess,
  composeBudget,
  composeOpenStack,
  composePace,
  composeRelay,
  composeState,
} from '../lib/compose/compose.ts';
import { composeServiceUser } from '../lib/compose/compose-secrets.ts';
import { loadConfig, sealingSecret } from '../lib/config.ts';
import { createEndLost, createFailImport } from '../lib/imports/end/fail-import.ts';
import type { ImportMessage } from '../lib/steps/messages.ts';
import { queueHandler } from '../lib/steps/queue-handler.ts';
import { runStep } from '../lib/steps/run-step.ts';

// Queue fail-import, where final errors and dead letters arrive: undo, say why.

const config = loadConfig(
  process.env,
  ['IMPORTS_TABLE', 'RELAY_BUCKET', 'FAIL_IMPORT_QUEUE_URL'],
  sealingSecret,
);
const openstack = composeOpenStack(config, composeServiceUser(config));
const sqs = createSqsClient();
const state = composeState(config);

const ends = { ...state, relay: composeRelay(config) };
const failImport = createFailImport({
  ...ends,
  ...composeBudget(config),
  openAccess: composeAccess(config, openstack),
});

const services = {
  ...state,
  ...composePace(config),
  endLost: createEndLost(ends),
  ownQueue: createOutbox<ImportMessage>(sqs, config.FAIL_IMPORT_QUEUE_URL),
};

export const handler = queueHandler(
  {
    step: 'fail-import',
    sqs,
    queueUrl: config.FAIL_IMPORT_QUEUE_URL,
    deadlineReserveS: config.DEADLINE_RESERVE_S,
  },
  (received) => runStep(services, received, failImport),
);
