import {
  type CompleteMultipartUploadCommand,
  type GetObjectCommand,
  S3Client,
  type UploadPartCommand,
} from '@aws-sdk/client-s3';

const payloadHash = 'x-amz-content-sha256';

/** The part of the SDK's requests that is used here. */
interface SignedRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Record<string, string>;
  body?: unknown;
}

const requestOf = (args: unknown): SignedRequest => (args as { readonly request: SignedRequest }).request;

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
 * A signed GetObject for who sends it himself: the SDK's own client gives its body out in pieces of 64 KiB.
 * @returns URL and headers
 */
export const signGet = async (
  client: S3Client,
  command: GetObjectCommand,
): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }> => {
  let signed: SignedRequest | undefined;
  command.middlewareStack.add(
    () => (args) => {
      signed = requestOf(args);
      return Promise.resolve({ output: { $metadata: {} }, response: {} });
    },
    // Behind the signature, which is the last that the SDK does in this step.
    { step: 'finalizeRequest', name: 'signOnly', priority: 'low' },
  );
  await client.send(command);
  if (!signed) throw new Error('the SDK has signed nothing');
  const { protocol, hostname, port, path, query = {}, headers } = signed;
  const search = Object.entries(query).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value ?? ''))}`,
  );
  const authority = port === undefined ? hostname : `${hostname}:${port}`;
  return {
    url: `${protocol}//${authority}${path}${search.length > 0 ? `?${search.join('&')}` : ''}`,
    headers,
  };
};

/**
 * Without an answer for so long a connection counts as dead: a worker has no deadline that would end the wait. Long,
 * because the end of a large upload takes minutes.
 */
const silenceMs = 300_000;

/** A client of the store that AWS_ENDPOINT_URL_S3 names, else of AWS itself. */
export const createS3Client = (): S3Client =>
  withUnsignedPayload(
    new S3Client({
      // Path style wherever an endpoint is given: bucket names in host names need DNS that such stores seldom have.
      forcePathStyle: Boolean(process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']),
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      expectContinueHeader: false,
      maxAttempts: 4,
      requestHandler: { socketTimeout: silenceMs },
    }),
  );
