import recorded from './recorded.json' with { type: 'json' };

// What a real Glance (25.1, driver messagingv2) has sent to a real RabbitMQ while its users did what the name of each list
// says: messages in their order, as they came. `replica` is another region's Glance.

export type Doing = keyof typeof recorded;
export const doings = Object.keys(recorded) as Doing[];

/** Bodies of the messages. */
export const bodiesOf = (doing: Doing): readonly string[] => recorded[doing].map(({ body }) => body);

/** One of them, with what is in it changed. */
export const changed = (body: string, change: (message: Record<string, unknown>) => void): string => {
  const envelope = JSON.parse(body);
  const message = JSON.parse(envelope['oslo.message']);
  change(message);
  return JSON.stringify({ ...envelope, 'oslo.message': JSON.stringify(message) });
};

/** What Glance has told of the image. */
export const recordOf = (body: string): Record<string, unknown> =>
  JSON.parse(JSON.parse(body)['oslo.message']).payload;
