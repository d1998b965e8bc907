import { unhurried } from '../lib/aws/events.ts';
import { createSqsClient, deliveryOf } from '../lib/aws/queue.ts';
import { composeAnnounce } from '../lib/compose/events.ts';
import { composeAccess, composeOpenStack, composePropertyRules } from '../lib/compose/openstack.ts';
import { composeRelay, composeTransferLimits } from '../lib/compose/relay.ts';
import { composeServiceUser } from '../lib/compose/secrets.ts';
import { composePace, composeSeats, composeSend, composeState } from '../lib/compose/state.ts';
import { loadConfig, sealingSecret, stepSettings } from '../lib/config.ts';
import { createStreamImage } from '../lib/copies/stream-image.ts';
import { createJoinCopy } from '../lib/imports/join/join-copy.ts';
import { createWaiters } from '../lib/imports/record/waiters.ts';
import { isOfCopy } from '../lib/state/messages.ts';
import { queueHandler } from '../lib/steps/queue-handler.ts';
import { goOnWith, runStep } from '../lib/steps/run-step.ts';

// Queue stream-image. A message of an import: it joins the copy of its source, or begins one. A message of a copy: the
// source's bytes into the relay bucket, at once or row by row, proven by size and hash; then apply-metadata's turn.

const config = loadConfig(process.env, stepSettings, sealingSecret);
const openstack = composeOpenStack(config, composeServiceUser(config));
const sqs = createSqsClient();
const state = composeState(config);
const importServices = {
  ...state,
  ...composeRelay(config),
  ...composePace(config),
  name: 'stream-image',
  send: composeSend(config, sqs),
  announce: composeAnnounce(config, unhurried),
  openAccess: composeAccess(config, openstack),
} as const;
/** Copies wait for their project's share; joining one does not. */
const copyServices = {
  ...importServices,
  ...composeSeats(config, state.table, { step: 'stream-image', concurrency: config.STREAM_CONCURRENCY }),
};

const joinCopy = createJoinCopy({ ...importServices, propertyRules: composePropertyRules(config) });
const streamImage = createStreamImage({
  ...copyServices,
  ...composeTransferLimits(config),
  waiters: createWaiters(importServices),
});

export const handler = queueHandler(
  {
    step: 'stream-image',
    deliveryOf: deliveryOf(sqs, config.STREAM_IMAGE_QUEUE_URL),
    deadlineReserveS: config.DEADLINE_RESERVE_S,
  },
  async ({ message, ...received }) => {
    if (isOfCopy(message)) return void (await runStep(copyServices, streamImage, { ...received, message }));
    const inHand = await runStep(importServices, joinCopy, { ...received, message });
    if (inHand) await goOnWith(copyServices, streamImage, { ...received, message: inHand.message }, inHand);
  },
);
