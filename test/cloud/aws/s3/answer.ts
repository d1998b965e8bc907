import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3Answer } from './call.ts';
import { S3Error } from './errors.ts';
import type { S3Fault } from './faults.ts';
import { renderXml } from './xml.ts';

/** What the client sees of an error. */
export function errorAnswer(error: unknown): S3Answer {
  const { code, message, status, details } =
    error instanceof S3Error
      ? error
      : new S3Error('InternalError', error instanceof Error ? error.message : '');
  return { status, body: renderXml('Error', { Code: code, Message: message, ...details }) };
}

/** Sends bytes as they are up to a limit, then breaks the connection. */
async function cutBody(body: Readable, afterBytes: number, response: ServerResponse): Promise<void> {
  let sent = 0;
  for await (const bytes of body as AsyncIterable<Buffer>) {
    if (sent >= afterBytes) break;
    response.write(bytes.subarray(0, afterBytes - sent));
    sent += bytes.length;
  }
  // The bytes before the cut should arrive: `destroy` alone would drop what is still buffered.
  setTimeout(() => response.destroy(), 50);
}

/** Sends an answer, or the part of it that a fault lets through. */
export async function send(
  answer: S3Answer,
  response: ServerResponse,
  fault: S3Fault | undefined,
): Promise<void> {
  const { status, headers, body } = answer;
  const type = typeof body === 'string' ? { 'content-type': 'application/xml' } : {};
  response.writeHead(status, { server: 'glance-ferry-local-s3', ...type, ...headers });
  const isStream = body instanceof Readable;
  if (isStream && fault?.kind === 'cut-body') return cutBody(body, fault.afterBytes, response);
  if (isStream) return pipeline(body, response);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
