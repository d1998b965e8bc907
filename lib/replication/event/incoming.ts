import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { isReplicateMessage } from '../../schemas/validators.js';
import type { ReplicateMessage } from '../../state/messages.ts';
import { binaryAttributes, bodyOf, dataOf, isBinary } from './cloud-event.ts';
import { type Published, parsePublished, publishedDetailType } from './image-published.ts';
import { inWords } from './in-words.ts';
import { isObject, parseJson } from './json.ts';

// What comes in, whatever it is wrapped in. All of it is pure: it throws FerryError `bad-request`, and nothing else.

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
const detailOf = ({ 'detail-type': type, detail }: Readonly<Record<string, unknown>>): unknown => {
  if (type === publishedDetailType) return detail;
  throw new FerryError(
    'bad-request',
    `The event has detail-type ${echo(type)}; "${publishedDetailType}" is known`,
  );
};

const unwrapped = (value: unknown): unknown => {
  if (!isObject(value)) return value;
  if ('detail-type' in value) return detailOf(value);
  if ('specversion' in value) return dataOf(value);
  return value;
};

/** An event as EventBridge has it, as a structured CloudEvent, or as it is. @throws FerryError `bad-request` */
export const publishedIn = (value: unknown): Published => parsePublished(unwrapped(value));

/** Text that comes with headers, or with a message's attributes: a CloudEvent may be told by them alone. */
export interface IncomingText {
  readonly body: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** @throws FerryError `bad-request` for a CloudEvent that is not ours, and for what is not JSON */
const valueIn = ({ body, headers }: IncomingText): unknown => {
  const attributes = binaryAttributes(headers);
  return isBinary(attributes) ? bodyOf(attributes, body) : parseJson(body);
};

/** An event as text, in any form. @throws FerryError `bad-request` */
export const publishedInText = (text: IncomingText): Published => publishedIn(valueIn(text));

/** What a message of the queue is: an event, or one replica's own message. */
export type Incoming =
  | { readonly kind: 'published'; readonly published: Published }
  | { readonly kind: 'replicate'; readonly message: ReplicateMessage };

const replicateMessage = (value: unknown): ReplicateMessage => {
  if (isReplicateMessage(value)) return value as ReplicateMessage;
  const reason = inWords(isReplicateMessage.errors ?? []);
  throw new FerryError('bad-request', `The message is none of replicate-image: ${reason}`);
};

/** @throws FerryError `bad-request`, with which it is a dead letter */
export const parseIncoming = (text: IncomingText): Incoming => {
  const value = valueIn(text);
  return isObject(value) && 'replica' in value
    ? { kind: 'replicate', message: replicateMessage(value) }
    : { kind: 'published', published: publishedIn(value) };
};
