import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../listen.ts';
import { checkAccess } from './access.ts';
import { bucketOperations } from './buckets.ts';
import { readCall, type S3Answer, type S3Handler } from './call.ts';
import { S3Error } from './errors.ts';
import { createFaults, type S3Fault, type S3Faults } from './faults.ts';
import { layout } from './files.ts';
import { objectOperations } from './objects.ts';
import { operationOf, type S3Operation } from './operations.ts';
import { uploadOperations } from './uploads.ts';
import { renderXml } from './xml.ts';

export interface S3Options {
  /** Where objects and parts lie as files. */
  readonly dataDir: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Highest part number; AWS takes 10 000, Swift's s3api 1000. */
  readonly maxParts?: number;
}

export interface LocalS3 {
  readonly endpoint: string;
  readonly faults: S3Faults;
  stop(): Promise<void>;
}

function handlersFor(dataDir: string, maxParts: number): Record<S3Operation, S3Handler> {
  const files = layout(dataDir);
  const buckets = bucketOperations(files);
  const objects = objectOperations(files);
  const uploads = uploadOperations(files, objects.publish, { maxParts });
  const inBucket =
    (handler: S3Handler): S3Handler =>
    async (call) => {
      await buckets.requireBucket(call.bucket);
      return handler(call);
    };
  return {
    CreateBucket: buckets.createBucket,
    HeadBucket: inBucket(buckets.headBucket),
    ListObjectsV2: inBucket(objects.listObjectsV2),
    ListMultipartUploads: inBucket(uploads.listMultipartUploads),
    PutObject: inBucket(objects.putObject),
    GetObject: inBucket(objects.getObject),
    HeadObject: inBucket(objects.headObject),
    DeleteObject: inBucket(objects.deleteObject),
    CreateMultipartUpload: inBucket(uploads.createMultipartUpload),
    UploadPart: inBucket(uploads.uploadPart),
    CompleteMultipartUpload: inBucket(uploads.completeMultipartUpload),
    AbortMultipartUpload: inBucket(uploads.abortMultipartUpload),
  };
}

function errorAnswer(error: unknown): S3Answer {
  const { code, message, status } =
    error instanceof S3Error
      ? error
      : new S3Error('InternalError', error instanceof Error ? error.message : '');
  return { status, body: renderXml('Error', { Code: code, Message: message }) };
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

async function send(answer: S3Answer, response: ServerResponse, fault: S3Fault | undefined): Promise<void> {
  const { status, headers, body } = answer;
  const type = typeof body === 'string' ? { 'content-type': 'application/xml' } : {};
  response.writeHead(status, { server: 'glance-ferry-local-s3', ...type, ...headers });
  const isStream = body instanceof Readable;
  if (isStream && fault?.kind === 'cut-body') return cutBody(body, fault.afterBytes, response);
  if (isStream) return pipeline(body, response);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function createListener(handlers: Record<S3Operation, S3Handler>, faults: S3Faults) {
  async function answerOf(request: IncomingMessage, fault: S3Fault | undefined): Promise<S3Answer> {
    try {
      const call = readCall(request);
      checkAccess(call);
      if (fault?.kind === 'error') throw new S3Error(fault.code, `Injected ${fault.code}`);
      return await handlers[operationOf(call)](call);
    } catch (error) {
      return errorAnswer(error);
    }
  }

  const nextFault = (request: IncomingMessage) => {
    try {
      return faults.take(operationOf(readCall(request)));
    } catch {
      return undefined;
    }
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const fault = nextFault(request);
    if (fault?.kind === 'reset') return void request.socket.resetAndDestroy();
    if (fault?.kind === 'delay') await delay(fault.ms);
    const answer = await answerOf(request, fault);
    if (fault?.kind === 'lost-answer') return void request.socket.resetAndDestroy();
    // A client still sending would see a broken pipe instead of the error, so the rest of its body is read first.
    if (!request.readableEnded) request.resume();
    await send(answer, response, fault).catch(() => response.destroy());
  };
}

/** A small S3 on 127.0.0.1 that keeps parts and objects as files. Signatures are not verified. */
export async function startS3({ dataDir, port, maxParts = 10_000 }: S3Options): Promise<LocalS3> {
  const faults = createFaults();
  const listener = createListener(handlersFor(dataDir, maxParts), faults);
  const server = createServer((request, response) => void listener(request, response));
  const endpoint = await listen(server, port, 'S3');
  return {
    endpoint,
    faults,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
