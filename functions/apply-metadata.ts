import type { Context } from 'aws-lambda';
import { unhurried } from '../lib/aws/events.ts';
import { createSqsClient, deliveryOf } from '../lib/aws/queue.ts';
import { composeAnnounce } from '../lib/compose/events.ts';
import {
  composeAccess,
  composeOpenStack,
  composePropertyRules,
  composeTargets,
} from '../lib/compose/openstack.ts';
import { composeBudget, composeRelay } from '../lib/compose/relay.ts';
import { composeServiceUser } from '../lib/compose/secrets.ts';
import { composePace, composeSeats, composeSend, composeState } from '../lib/compose/state.ts';
import { loadConfig, sealingSecret, stepSettings } from '../lib/config.ts';
import { FerryError } from '../lib/errors.ts';
import { createApplyAlone } from '../lib/imports/apply/apply-alone.ts';
import { createApplyMetadata } from '../lib/imports/apply/apply-metadata.ts';
import { isOfCopy } from '../lib/state/messages.ts';
import { directHandler } from '../lib/steps/direct-handler.ts';
import { isQueueEvent, queueHandler } from '../lib/steps/queue-handler.ts';
import { runStep } from '../lib/steps/run-step.ts';

// Queue apply-metadata: formats and properties, then the target's activation. Or, invoked directly with a target, a
// source and a token: formats and properties alone.

const config = loadConfig(process.env, stepSettings, sealingSecret);
const openstack = composeOpenStack(config, composeServiceUser(config));
const sqs = createSqsClient();
const propertyRules = composePropertyRules(config);
const state = composeState(config);

const services = {
  ...state,
  ...composeRelay(config),
  ...composeBudget(config),
  ...composePace(config),
  ...composeSeats(config, state.table, { step: 'apply-metadata', concurrency: config.APPLY_CONCURRENCY }),
  name: 'apply-metadata',
  send: composeSend(config, sqs),
  announce: composeAnnounce(config, unhurried),
  openAccess: composeAccess(config, openstack),
  propertyRules,
} as const;

const applyMetadata = createApplyMetadata(services);

const fromQueue = queueHandler(
  {
    step: 'apply-metadata',
    deliveryOf: deliveryOf(sqs, config.APPLY_METADATA_QUEUE_URL),
    deadlineReserveS: config.DEADLINE_RESERVE_S,
  },
  async ({ message, ...received }) => {
    if (isOfCopy(message)) throw new FerryError('bad-request', 'A copy has no metadata to be applied');
    await runStep(services, applyMetadata, { ...received, message });
  },
);

const applyAlone = createApplyAlone({
  ...openstack,
  claims: state.claims,
  targets: composeTargets(config, openstack),
  propertyRules,
});

const directly = directHandler(config.DEADLINE_RESERVE_S, applyAlone);

export const handler = (event: unknown, context: Context) =>
  isQueueEvent(event) ? fromQueue(event, context) : directly(event, context);
