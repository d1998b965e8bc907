import { asFerryError, FerryError, hasCode } from '../../../errors.ts';
import { log } from '../../../log.ts';
import { countReplicaDone, countReplicaFailed } from '../../../metrics.ts';
import type { AnnounceReplica } from '../../../state/announce.ts';
import type { AskedReplica, Bury, ReplicateMessage, SendReplicate } from '../../../state/messages.ts';
import type { Published } from '../../event/image-published.ts';
import { type Incoming, type IncomingText, parseIncoming } from '../../event/incoming.ts';
import { forPerson, type Next, patiently } from '../next.ts';

interface Options {
  readonly signal: AbortSignal;
}

export interface TakeMessageServices {
  readonly fanOut: (published: Published) => Promise<readonly AskedReplica[]>;
  readonly replicateImage: (message: ReplicateMessage, options: Options) => Promise<Next>;
  readonly announceReplica: AnnounceReplica;
  readonly send: SendReplicate;
  readonly bury: Bury;
}

const parsed = (text: IncomingText): Incoming | FerryError => {
  try {
    return parseIncoming(text);
  } catch (error) {
    return asFerryError(error);
  }
};

const takePublished = async (
  { fanOut, bury }: TakeMessageServices,
  published: Published,
  body: string,
): Promise<void> => {
  try {
    await fanOut(published);
  } catch (error) {
    if (!(error instanceof FerryError) || !hasCode(error, 'bad-request')) throw error;
    log.error('event refused', { reason: error.explanation });
    await bury(body, error.explanation);
  }
};

const namesOf = ({ replica: { source, region, policy = '' } }: ReplicateMessage) => ({
  region,
  source_region: source.region,
  source_image_id: source.imageId,
  policy,
});

/** Without what was waited for: put back into its queue, it begins anew. */
const letterOf = ({ replica }: ReplicateMessage): string => JSON.stringify({ replica });

const states = { done: 'success', failed: 'failure', left: 'skipped' } as const;

/** Before the message goes, so at least once. Of a routine only what has come of it: it asks at each run. */
const announceEnd = async (
  announceReplica: AnnounceReplica,
  { replica }: ReplicateMessage,
  next: Exclude<Next, { readonly next: 'again' }>,
): Promise<void> => {
  if (next.next === 'left' && replica.isRoutine) return;
  const imageId = next.next === 'done' ? next.imageId : undefined;
  const reason = next.next === 'done' ? undefined : next.reason;
  await announceReplica({ replica, state: states[next.next], imageId, reason });
};

/** What the look came to is written down, and said. */
const carryOut = async (
  { send, bury, announceReplica }: TakeMessageServices,
  message: ReplicateMessage,
  next: Next,
): Promise<void> => {
  const { reason } = next;
  const about = namesOf(message);
  if (next.next === 'again') {
    log.debug('replica looked at', { about, reason, delay_s: next.delayS });
    return await send(next.message, next.delayS);
  }
  await announceEnd(announceReplica, message, next);
  if (next.next === 'left') return log.info('replica left out', { about, reason });
  if (next.next === 'done') {
    log.info('replica done', { about, reason });
    return countReplicaDone();
  }
  log.error('replica failed', { about, reason });
  countReplicaFailed();
  if (next.isForPerson) await bury(letterOf(message), reason);
};

/** Whatever another look cannot mend is a person's to look at; anything else is tried for a while. */
const afterError = async (
  services: TakeMessageServices,
  message: ReplicateMessage,
  thrown: unknown,
): Promise<void> => {
  const error = asFerryError(thrown);
  const about = namesOf(message);
  const reason = error.explanation;
  const mayPass = error.retryable || hasCode(error, 'out-of-time');
  const next = mayPass ? patiently(message, reason, Date.now()) : undefined;
  if (next) {
    log.warn('replica not looked at', { about, reason, error, delay_s: next.delayS });
    return await services.send(next.message, next.delayS);
  }
  log.error('replica failed', { about, reason, error });
  countReplicaFailed();
  await announceEnd(services.announceReplica, message, forPerson(reason));
  await services.bury(letterOf(message), reason);
};

/**
 * Takes one message of the queue: an event becomes a message for each of its replicas; one of those is brought on, and sent
 * anew with a delay as long as there is more to do. What is none of both is a dead letter at once, with its reason.
 * @throws FerryError when a queue cannot be reached: then the message comes again
 */
export const createTakeMessage =
  (services: TakeMessageServices) =>
  async (text: IncomingText, options: Options): Promise<void> => {
    const incoming = parsed(text);
    if (incoming instanceof FerryError) {
      log.error('event refused', { reason: incoming.explanation });
      return await services.bury(text.body, incoming.explanation);
    }
    if (incoming.kind === 'published') return await takePublished(services, incoming.published, text.body);
    const { message } = incoming;
    const next = await services
      .replicateImage(message, options)
      .catch((error: unknown) => asFerryError(error));
    await (next instanceof FerryError
      ? afterError(services, message, next)
      : carryOut(services, message, next));
  };
