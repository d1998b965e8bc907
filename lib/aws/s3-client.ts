import { S3Client } from '@aws-sdk/client-s3';

/** SigV4 over the headers alone: TLS and the part's checksum guard the body, a second sha256 would cost 0.7 s/GiB. */
const withUnsignedPayload = (client: S3Client): S3Client => {
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args as { request?: { headers?: Record<string, string> } };
      if (request?.headers) request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'unsignedPayload' },
  );
  return client;
};

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
    }),
  );
