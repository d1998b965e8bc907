import { type CompleteMultipartUploadCommand, S3Client, type UploadPartCommand } from '@aws-sdk/client-s3';
import { awsRequestHandler } from '../connections.ts';

const payloadHash = 'x-amz-content-sha256';

/** The part of the SDK's requests that is used here. */
export interface SignedRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Record<string, string>;
  body?: unknown;
}

export const requestOf = (args: unknown): SignedRequest =>
  (args as { readonly request: SignedRequest }).request;

/**
 * SigV4 over the headers alone: TLS and the part's checksum guard the body, a sha256 would be a second
 * one (`npm run bench -- digests`). A part that is verified by its sha256 says so beforehand.
 */
const withUnsignedPayload = (client: S3Client): S3Client => {
  client.middlewareStack.add(
    (next) => (args) => {
      requestOf(args).headers[payloadHash] ??= 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'unsignedPayload', priority: 'low' },
  );
  return client;
};

/** The store must verify this part's body by its sha256 (hex). */
export const signPayload = (command: UploadPartCommand, sha256: string): void => {
  command.middlewareStack.add(
    (next) => (args) => {
      requestOf(args).headers[payloadHash] = sha256;
      return next(args);
    },
    { step: 'build', name: 'signedPayload', priority: 'high' },
  );
};

/** Sends this XML instead of the body that the SDK has made. */
export const replaceBody = (command: CompleteMultipartUploadCommand, body: string): void => {
  command.middlewareStack.add(
    (next) => (args) => {
      const request = requestOf(args);
      request.body = body;
      request.headers['content-type'] = 'application/xml';
      return next(args);
    },
    // After the SDK's serializer, before its Content-Length.
    { step: 'serialize', name: 'replaceBody', priority: 'low' },
  );
};

/**
 * Without an answer for so long a connection counts as dead: a worker has no deadline that would end the wait. Long,
 * because the end of a large upload takes minutes.
 */
const silenceMs = 300_000;

/**
 * Path style wherever an endpoint is given, by the environment or by the configuration file (`endpoint_url`): bucket names
 * in host names need DNS that such stores seldom have.
 */
const withPathStyle = (client: S3Client): S3Client => {
  const resolve = client.config.endpointProvider;
  client.config.endpointProvider = (params, context) =>
    resolve(params.Endpoint === undefined ? params : { ...params, ForcePathStyle: true }, context);
  return client;
};

/** A client of the store that AWS_ENDPOINT_URL_S3 names, or the configuration file, else of AWS itself. */
export const createS3Client = (): S3Client =>
  withPathStyle(
    withUnsignedPayload(
      new S3Client({
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        expectContinueHeader: false,
        maxAttempts: 4,
        requestHandler: awsRequestHandler(silenceMs),
      }),
    ),
  );
