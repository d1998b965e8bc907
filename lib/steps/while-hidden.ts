import { asFerryError } from '../errors.ts';
import { log } from '../log.ts';
import type { Delivery } from '../state/messages.ts';
import { heartbeatsHidden } from './heartbeat.ts';

/**
 * Hides a message for as long as somebody is at work with it, three heartbeats at a time: nobody else gets it meanwhile,
 * whatever its queue says, and a death is noticed soon. Work that has no lease goes on where the message cannot be hidden,
 * and may then be done twice.
 */
export const whileHidden = async <T>(
  { hideFor }: Pick<Delivery, 'hideFor'>,
  heartbeatS: number,
  work: () => Promise<T>,
): Promise<T> => {
  const hide = (): Promise<void> =>
    hideFor(heartbeatsHidden * heartbeatS).catch((error: unknown) =>
      log.warn('message not hidden', { error: asFerryError(error) }),
    );
  await hide();
  const timer = setInterval(() => void hide(), heartbeatS * 1000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
};
