import { setTimeout as delay } from 'node:timers/promises';
import { Connection, type Consumer, ConsumerStatus } from 'rabbitmq-client';
import { innermostReason } from '../lib/innermost-reason.ts';
import { log } from '../lib/log.ts';
import { ignored, untilAborted } from '../lib/promises.ts';
import type { Handled } from './handle.ts';
import type { Health } from './health.ts';
import { bindQueue, makeQueue, type Names } from './queue.ts';

export interface ListenOptions {
  /** With user and password: never logged. */
  readonly url: string;
  /** `host:port` of each node of a cluster; the URL's own when there are none. */
  readonly hosts: readonly string[];
  readonly names: Names;
  /** Messages at work at a time; more are not taken from the broker. */
  readonly prefetch: number;
  readonly handle: (body: Uint8Array | string) => Promise<Handled>;
  readonly health: Health;
  readonly stopping: AbortSignal;
}

/** A binding that somebody else has taken away (an exchange deleted and made anew) is back after so long. */
const lookEveryMs = 30_000;
const pauseAfterFailureMs = 1_000;
/** s. A broker that has gone without a word is noticed after two of them. */
const heartbeat = 20;
/** Between tries to connect, at most: what Glance sends before our binding is back is lost. */
const retryHigh = 5_000;
/** For a channel of a connection that is being made anew. */
const acquireTimeout = 5_000;
/** For the broker's answers to a goodbye; what is not acknowledged comes again in any case. */
const closeWithinMs = 10_000;

const connect = ({ url, hosts }: ListenOptions): Connection =>
  new Connection({
    url,
    heartbeat,
    acquireTimeout,
    retryHigh,
    connectionName: 'glance-ferry bridge',
    ...(hosts.length > 0 && { hosts: [...hosts] }),
  });

/** A body comes as bytes, or parsed where its sender names no encoding; oslo.messaging does. */
const bodyOf = (body: unknown): Uint8Array | string =>
  typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);

const createConsumer = (connection: Connection, { names, prefetch, handle }: ListenOptions): Consumer =>
  connection.createConsumer(
    {
      queue: names.queue,
      queueOptions: { passive: true }, // makeQueue has made it
      qos: { prefetchCount: prefetch },
      concurrency: prefetch,
      lazy: true,
    },
    async ({ body }) =>
      (await handle(bodyOf(body))) === 'again' ? ConsumerStatus.REQUEUE : ConsumerStatus.ACK,
  );

/** Keeps health and log, and says when the queue has to be looked at. */
const watch = (connection: Connection, consumer: Consumer, health: Health, look: () => void): void => {
  const lost = (error: unknown): void => {
    Object.assign(health, { isListening: false, isBound: false });
    health.reason = innermostReason(error);
    log.warn('broker lost', { reason: health.reason });
  };
  connection.on('error', lost);
  connection.on('connection', look);
  consumer.on('error', (error) => {
    lost(error);
    look();
  });
  consumer.on('ready', () => {
    health.isListening = true;
    log.info('bridge listens', { queue: consumer.queue });
  });
};

/** What was told already is not told again at each look. @returns whether it has worked */
const tried = async (run: () => Promise<void>, health: Health): Promise<boolean> => {
  try {
    await run();
    return true;
  } catch (error) {
    const reason = innermostReason(error);
    if (reason !== health.reason) log.warn('queue not bound', { reason });
    health.reason = reason;
    return false;
  }
};

const close = async (connection: Connection, consumer: Consumer): Promise<void> => {
  const closed = consumer.close().then(() => connection.close());
  await untilAborted(closed, AbortSignal.timeout(closeWithinMs)).catch(ignored);
};

/**
 * Takes notifications from the bridge's queue for as long as the process lives: connections are made anew for ever, the
 * queue is bound at each, and a message is acknowledged when `handle` is through with it. What it was not through with,
 * because the connection was lost or the process has ended, comes again.
 * @returns when `stopping` is aborted and every message at work has been dealt with
 */
export const listen = async (options: ListenOptions): Promise<void> => {
  const { names, health, stopping } = options;
  const connection = connect(options);
  const consumer = createConsumer(connection, options);
  let again = new AbortController();
  watch(connection, consumer, health, () => again.abort());
  while (!stopping.aborted) {
    again = new AbortController();
    const isMade = await tried(() => makeQueue(connection, names), health);
    if (isMade) consumer.start(); // the first time; afterwards it starts itself anew
    const isBound = isMade && (await tried(() => bindQueue(connection, names), health));
    if (isBound && !health.isBound) log.info('queue bound', { exchange: names.exchange });
    health.isBound = isBound;
    const signal = AbortSignal.any([stopping, again.signal]);
    await delay(isBound ? lookEveryMs : pauseAfterFailureMs, undefined, { signal }).catch(ignored);
  }
  await close(connection, consumer);
};
