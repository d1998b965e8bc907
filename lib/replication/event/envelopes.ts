import type { IncomingText } from './incoming.ts';
import { isObject } from './json.ts';

// AWS's envelopes around text, as far as they are of use here.

/** Of API Gateway and function URLs, payload 2.0 and 1.0. */
export interface HttpEvent {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html */
export const isHttpEvent = (event: unknown): event is HttpEvent =>
  isObject(event) && isObject(event['requestContext']) && isObject(event['headers']);

export const textOfHttp = ({ headers, body, isBase64Encoded }: HttpEvent): IncomingText => {
  const text = typeof body === 'string' ? body : '';
  return { headers, body: isBase64Encoded ? Buffer.from(text, 'base64').toString() : text };
};

/** The part of a queue's record that is used here. */
export interface QueueRecord {
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, { readonly stringValue?: string | undefined }>>;
}

export const textOfRecord = ({ body, messageAttributes }: QueueRecord): IncomingText => {
  const named = Object.entries(messageAttributes).map(([name, { stringValue }]) => [name, stringValue]);
  return { body, headers: Object.fromEntries(named) };
};
