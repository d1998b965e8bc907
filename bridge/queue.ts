import type { Channel, Connection } from 'rabbitmq-client';

/** What the bridge needs at the broker. */
export interface Names {
  /** Glance's control_exchange. */
  readonly exchange: string;
  /** Whether Glance declares it so: its amqp_durable_queues. */
  readonly isExchangeDurable: boolean;
  /** Ours, durable. */
  readonly queue: string;
  readonly topics: readonly string[];
}

type Declare = (channel: Channel, passive: boolean) => Promise<unknown>;

/** The broker closes the channel of a declaration that it refuses, so each has one of its own. */
const onChannel = async <T>(connection: Connection, run: (channel: Channel) => Promise<T>): Promise<T> => {
  const channel = await connection.acquire();
  try {
    return await run(channel);
  } finally {
    await channel.close();
  }
};

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'NOT_FOUND';

/**
 * What is there already is taken as it is, whoever made it and however: a declaration with other attributes than those it
 * has would be refused, ours now or Glance's later.
 */
const ensure = async (connection: Connection, declare: Declare): Promise<void> => {
  try {
    await onChannel(connection, (channel) => declare(channel, true));
  } catch (error) {
    if (!isMissing(error)) throw error;
    await onChannel(connection, (channel) => declare(channel, false));
  }
};

/** Durable, so that it keeps what comes while nobody listens. @throws AMQPError when the broker refuses, or is away */
export const makeQueue = (connection: Connection, { queue }: Names): Promise<void> =>
  ensure(connection, (channel, passive) => channel.queueDeclare({ queue, durable: true, passive }));

/**
 * Has Glance's notifications come into the queue. The exchange may have to be made here: a broker that was restarted has lost
 * one that is not durable, and until it is there again, with our queue bound to it, notifications go nowhere.
 * @throws AMQPError when the broker refuses, or is away
 */
export const bindQueue = async (connection: Connection, names: Names): Promise<void> => {
  const { exchange, isExchangeDurable: durable, queue, topics } = names;
  await ensure(connection, (channel, passive) =>
    channel.exchangeDeclare({ exchange, type: 'topic', durable, passive }),
  );
  await onChannel(connection, async (channel) => {
    for (const topic of topics) await channel.queueBind({ exchange, queue, routingKey: `${topic}.info` });
  });
};
