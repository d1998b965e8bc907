import { setTimeout as delay } from 'node:timers/promises';
import { asFerryError } from '../lib/errors.ts';
import { log } from '../lib/log.ts';
import type { ImagePublished } from '../lib/schemas/replication/image-published.ts';
import { eventOf, type Read, type Rules } from './event.ts';
import type { HandOn } from './hand-on.ts';
import { type Notification, readNotification } from './notification.ts';
import { createOnce } from './once.ts';

/** What became of a message; `again` alone stays in the queue. */
export type Handled = 'handed on' | 'told before' | 'ignored' | 'poison' | 'again';

export interface HandlerOptions {
  readonly region: string;
  readonly rules: Rules;
  /** ms in which the same news counts as told. */
  readonly windowMs: number;
  readonly handOn: HandOn;
  /** Ends waiting: what was not handed on goes back into the queue. */
  readonly stopping: AbortSignal;
}

const firstPauseMs = 1_000; // doubled each time
const longestPauseMs = 30_000;
/** RabbitMQ closes the channel of who keeps a message for half an hour (consumer_timeout). */
const longestTryMs = 10 * 60_000;

/** What a line of the log calls a message by. */
type Named = Pick<Notification, 'eventType' | 'messageId'>;

/** Until it was taken. No failure is the event's own: whatever the bus or the queue refuses, it may take tomorrow. */
const handOnAtLast = async (
  { handOn, stopping }: HandlerOptions,
  event: ImagePublished,
  { eventType: event_type, messageId: message_id }: Named,
): Promise<void> => {
  const { region, image_id } = event.source;
  const endMs = performance.now() + longestTryMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, 2 * pauseMs)) {
    try {
      return await handOn(event);
    } catch (cause) {
      const error = asFerryError(cause);
      const { code } = error;
      log.error('event not handed on', { event_type, message_id, region, image_id, code, error });
      if (stopping.aborted || performance.now() + pauseMs > endMs) throw error;
      await delay(pauseMs, undefined, { signal: stopping });
    }
  }
};

/**
 * What is done with each message of the bridge's queue. It is acknowledged when its event was handed on, when it leads to
 * none, and when nobody can read it, which the log then says with the reason; it never throws.
 */
export const createHandler = (options: HandlerOptions) => {
  const { region: ownRegion, rules, windowMs } = options;
  const once = createOnce(windowMs);

  const read = (body: Uint8Array | string): { readonly named: Named; readonly found: Read } => {
    const notification = readNotification(body);
    return notification.kind === 'poison'
      ? { named: { eventType: '', messageId: '' }, found: notification }
      : { named: notification, found: eventOf(notification, ownRegion, rules) };
  };

  return async (body: Uint8Array | string): Promise<Handled> => {
    const { named, found } = read(body);
    const { eventType: event_type, messageId: message_id } = named;
    if (found.kind === 'poison') {
      log.error('notification cannot be read', { event_type, message_id, reason: found.reason });
      return 'poison';
    }
    if (found.kind === 'ignored') {
      log.debug('notification ignored', { event_type, message_id, reason: found.reason });
      return 'ignored';
    }
    const { event, key } = found;
    try {
      const done = await once(key, () => handOnAtLast(options, event, named));
      if (done === 'before') return 'told before';
      const { region, image_id } = event.source;
      log.info('event handed on', { event_type, message_id, region, image_id });
      return 'handed on';
    } catch {
      return 'again'; // the log has the reason
    }
  };
};
