import { createStreamImage } from '../../lib/copies/stream-image.ts';
import { createApplyMetadata } from '../../lib/imports/apply/apply-metadata.ts';
import { createJoinCopy } from '../../lib/imports/join/join-copy.ts';
import { createWaiters } from '../../lib/imports/record/waiters.ts';
import { isOfCopy, type StepName } from '../../lib/state/messages.ts';
import type { Received } from '../../lib/steps/received.ts';
import { goOnWith, runStep } from '../../lib/steps/run-step.ts';
import type { Seats } from '../../lib/steps/seats.ts';
import type { createServices } from './services.ts';

type Services = ReturnType<typeof createServices>;
type Run = (received: Received) => Promise<void>;

const named = (services: Services, name: StepName, seats: Seats | undefined) => ({
  ...services,
  name,
  ...(seats && { seats }),
});

/** As functions/stream-image.ts composes it. */
export const streamImageOf = (services: Services, seats: Seats | undefined): Run => {
  const joinCopy = createJoinCopy(services);
  const streamImage = createStreamImage({ ...services, waiters: createWaiters(services) });
  const [alone, sharing] = [
    named(services, 'stream-image', undefined),
    named(services, 'stream-image', seats),
  ];
  return async ({ message, ...received }) => {
    if (isOfCopy(message)) return void (await runStep(sharing, streamImage, { ...received, message }));
    const inHand = await runStep(alone, joinCopy, { ...received, message });
    if (inHand) await goOnWith(sharing, streamImage, { ...received, message: inHand.message }, inHand);
  };
};

/** As functions/apply-metadata.ts composes it. */
export const applyMetadataOf = (services: Services, seats: Seats | undefined): Run => {
  const applyMetadata = createApplyMetadata(services);
  const sharing = named(services, 'apply-metadata', seats);
  return async ({ message, ...received }) => {
    if (!isOfCopy(message)) await runStep(sharing, applyMetadata, { ...received, message });
  };
};
