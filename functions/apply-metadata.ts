import type { Context, SQSEvent } from 'aws-lambda';
import { createOutbox, createSqsClient } from '../lib/aws/queue.ts';
import {
  composeAccess,
  composeBudget,
  composeOpenStack,
  composePace,
  composePropertyRules,
  composeRelay,
  composeSeats,
  composeState,
  composeTargets,
} from '../lib/compose/compose.ts';
import { composeServiceUser } from '../lib/compose/compose-secrets.ts';
import { loadConfig, sealingSecret } from '../lib/config.ts';
import { createApplyAlone } from '../lib/imports/apply/apply-alone.ts';
import { createApplyMetadata } from '../lib/imports/apply/apply-metadata.ts';
import { createLookAtTarget, isThere } from '../lib/imports/record/look-at-target.ts';
import type { ImportMessage } from '../lib/steps/messages.ts';
import { queueHandler } from '../lib/steps/queue-handler.ts';
import { runStep } from '../lib/steps/run-step.ts';

// Queue apply-metadata: formats and properties, then the target's activation. Or, invoked directly with a target, a
// source and a token: formats and properties alone.

const config = loadConfig(
  process.env,
  ['IMPORTS_TABLE', 'RELAY_BUCKET', 'APPLY_METADATA_QUEUE_URL', 'FAIL_IMPORT_QUEUE_URL'],
  sealingSecret,
);
const openstack = composeOpenStack(config, composeServiceUser(config));
const sqs = createSqsClient();
const propertyRules = composePropertyRules(config);
const state = composeState(config);
const openAccess = composeAccess(config, openstack);

const services = {
  ...state,
  ...composeBudget(config),
  relay: composeRelay(config),
  openAccess,
  propertyRules,
};
const pace = {
  ...state,
  ...composePace(config),
  ...composeSeats(config, state.table, { step: 'apply-metadata', concurrency: config.APPLY_CONCURRENCY }),
  lookAtTarget: createLookAtTarget(openAccess, isThere),
  ownQueue: createOutbox<ImportMessage>(sqs, config.APPLY_METADATA_QUEUE_URL),
  failQueue: createOutbox<ImportMessage>(sqs, config.FAIL_IMPORT_QUEUE_URL),
};

const fromQueue = queueHandler(
  {
    step: 'apply-metadata',
    sqs,
    queueUrl: config.APPLY_METADATA_QUEUE_URL,
    deadlineReserveS: config.DEADLINE_RESERVE_S,
  },
  (received) => runStep(pace, received, createApplyMetadata(services, received.message)),
);

const applyAlone = createApplyAlone({
  ...openstack,
  claims: state.claims,
  targets: composeTargets(config, openstack),
  propertyRules,
});

const isQueueEvent = (event: unknown): event is SQSEvent =>
  typeof event === 'object' && event !== null && 'Records' in event;

export const handler = (event: unknown, context: Context) =>
  isQueueEvent(event)
    ? fromQueue(event, context)
    : applyAlone(event, { signal: AbortSignal.timeout(context.getRemainingTimeInMillis()) });
