import { Connection } from 'rabbitmq-client';
import { bodiesOf, changed } from '../unit/bridge/recorded.ts';

const [activated = ''] = bodiesOf('upload').slice(3);

/** What Glance sends when image `id` has become active, as it was recorded. */
export const activation = (id: string): string =>
  changed(activated, (message) => {
    Object.assign(message['payload'] as object, { id });
  });

/**
 * Sends as oslo.messaging's rabbit driver does: topic exchange and a queue `<topic>.info` declared by whoever sends first,
 * messages persistent, their receipt confirmed.
 */
export const connectGlance = async (
  url: string,
  exchange: string,
  { durable = false, queue = `${exchange}-notifications.info` } = {},
) => {
  const connection = new Connection({ url, retryLow: 200, retryHigh: 200 });
  connection.on('error', () => undefined);
  const routingKey = 'notifications.info';
  const publisher = connection.createPublisher({
    confirm: true,
    exchanges: [{ exchange, type: 'topic', durable }],
    queues: [{ queue, durable }],
    queueBindings: [{ exchange, queue, routingKey }],
  });
  return {
    notify: (body: string) =>
      publisher.send(
        { exchange, routingKey, durable: true, contentType: 'application/json', contentEncoding: 'utf-8' },
        Buffer.from(body),
      ),
    close: async () => {
      await publisher.close();
      await connection.close();
    },
  };
};
