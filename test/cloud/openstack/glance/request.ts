import type { IncomingMessage, ServerResponse } from 'node:http';
import { readText } from '../http/body.ts';
import { type Json, parseJson } from '../http/json.ts';
import type { Caller } from './access.ts';
import type { ReadUnderWay } from './data-reads.ts';
import { badRequest } from './errors.ts';
import type { Fault } from './faults.ts';

export interface GlanceRequest {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly caller: Caller;
  readonly requestId: string;
  readonly query: URLSearchParams;
  /** A parameter of the route's path; '' when the route has none of that name. */
  param(name: string): string;
  /** What the test wants to go wrong with this request. */
  readonly fault: Fault | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly json?: unknown;
  /** A streamed body; its length stands in the headers. */
  readonly body?: AsyncIterable<Buffer>;
  /** That the body is a read of an image's data. */
  readonly read?: ReadUnderWay;
}

export type Handler = (request: GlanceRequest) => Answer | Promise<Answer>;

export const noContent: Answer = {
  status: 204,
  headers: { 'Content-Type': 'text/html; charset=UTF-8', 'Content-Length': 0 },
};

/** A request header; the first value when it came several times. */
export function header(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The media type as Glance sees it: without parameters, and eventlet's text/plain when there is none. */
export function contentType(incoming: IncomingMessage): string {
  return (header(incoming, 'content-type') ?? 'text/plain').split(';')[0]?.trim() ?? '';
}

/**
 * The JSON body, whatever its Content-Type says.
 * @throws GlanceError 400 in Glance's words for an empty, malformed or scalar body
 */
export async function jsonBody({ incoming, outgoing }: GlanceRequest): Promise<Json> {
  const text = await readText(incoming, outgoing);
  if (text === '') throw badRequest('Body expected in request.');
  const body = parsed(text);
  if (typeof body !== 'object' || body === null)
    throw badRequest('Unexpected body type. Expected list/dict.');
  return body;
}

function parsed(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    throw badRequest('Malformed JSON in request body.');
  }
}
