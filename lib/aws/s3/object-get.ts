import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { FerryError } from '../../errors.ts';
import { type AskedRange, type Range, rangeHeader, rangeOf } from '../../http/content-range.ts';
import { type Answer, type Connections, get } from '../../http/exchange.ts';
import { requestOf, type SignedRequest } from './s3-client.ts';

/** A signed request as lib/http sends it. */
interface SignedGet {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const signedGet = ({ protocol, hostname, port, path, query = {}, headers }: SignedRequest): SignedGet => {
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
 * GetObject with its bytes by lib/http, since the SDK's own client gives a body out in pieces of 64 KiB; and with all
 * that the SDK does around a request: it signs, corrects its clock by the store's, exchanges credentials that have
 * expired, tries again what passes, and makes an exception of a refusal.
 * @param send sends the signed request; called anew for every try
 * @returns a 2xx answer @throws S3ServiceException for any other, what `send` throws
 */
const getObject = async (
  client: S3Client,
  command: GetObjectCommand,
  { send, signal }: { send(signed: SignedGet): Promise<Answer>; readonly signal: AbortSignal },
): Promise<Answer> => {
  let opened: Answer | undefined;
  let refused: object = {};
  command.middlewareStack.add(
    (next) => async (args) => {
      const answer = await send(signedGet(requestOf(args)));
      const { statusCode, headers } = answer;
      if (statusCode < 300) {
        opened = answer;
        return { output: { $metadata: {} }, response: { statusCode, headers } };
      }
      refused = { statusCode, headers, body: Buffer.from(await answer.body.text()) };
      return await next(args);
    },
    // Within the SDK's tries and signatures, around its reading of an answer.
    { step: 'deserialize', name: 'sendByHand', priority: 'high' },
  );
  command.middlewareStack.add(() => () => Promise.resolve({ response: refused }), {
    step: 'deserialize',
    name: 'readRefusal',
    priority: 'low',
  });
  await client.send(command, { abortSignal: signal });
  if (!opened) throw new Error('the SDK has sent nothing');
  return opened;
};

const isBeyondEnd = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 416;

/**
 * A range of an object.
 * @param options.operation for messages
 * @throws FerryError `data-mismatch` for another range or another size than was asked for, S3ServiceException
 */
export const openRange = async (
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
  options: {
    readonly range: AskedRange;
    readonly operation: string;
    readonly connections: Connections;
    readonly signal: AbortSignal;
  },
): Promise<Range> => {
  const { range, operation, connections, signal } = options;
  const command = new GetObjectCommand({ ...object, Range: rangeHeader(range) });
  const send = (signed: SignedGet) => get({ ...signed, connections, signal });
  const answer = await getObject(client, command, { send, signal }).catch((cause: unknown) => {
    if (!isBeyondEnd(cause)) throw cause;
    const reason = 'it is shorter than what was transferred';
    throw new FerryError('data-mismatch', `Failed to ${operation}: ${reason}`, { cause });
  });
  if (answer.statusCode === 206) return rangeOf(answer, range, operation);
  answer.body.close();
  throw new FerryError('misconfigured', `Failed to ${operation}: the store ignores Range`);
};
