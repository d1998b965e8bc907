import { FerryError } from '../errors.ts';
import { begun, ignored } from '../promises.ts';
import { awsRequestHandler } from './connections.ts';
import { serviceError } from './service-error.ts';

/** The text of a secret, as it was five minutes ago at most. `fresh` asks for it anew, though it is known. */
export type Secret = (options?: { readonly fresh?: boolean }) => Promise<string>;

/** A secret that the environment holds itself: a worker's, or one of a test. */
export const givenSecret =
  (text: string): Secret =>
  () =>
    Promise.resolve(text);

/** A value that was changed in Secrets Manager is seen after so many seconds, without a new deployment. */
const maxAgeS = 300;
/** Without an answer for so long a connection counts as dead. */
const silenceMs = 10_000;

/** Not every function has secrets, and the client is large: it is loaded by those that have. */
const loadProvider = async () => {
  const [{ SecretsProvider }, { SecretsManagerClient }] = await Promise.all([
    import('@aws-lambda-powertools/parameters/secrets'),
    import('@aws-sdk/client-secrets-manager'),
  ]);
  const requestHandler = awsRequestHandler(silenceMs);
  return new SecretsProvider({
    awsSdkV3Client: new SecretsManagerClient({ maxAttempts: 4, requestHandler }),
  });
};

/** What Powertools wraps around the service's own error would hide its code. */
const innerError = (thrown: unknown): unknown =>
  thrown instanceof Error && thrown.name === 'GetParameterError' ? thrown.cause : thrown;

/**
 * A secret of Secrets Manager, asked for at once: a function fetches it while it starts. While Secrets Manager does not
 * answer, the last text that it gave counts on, but for who asks for a fresh one.
 * @param what for messages, which show neither name nor value of it
 * @throws FerryError from the secret, see service-error.ts
 */
export const secretOf = (arn: string, what: string): Secret => {
  const operation = `get ${what} from Secrets Manager`;
  const provider = begun(loadProvider);
  let last: string | undefined;

  const get: Secret = async ({ fresh = false } = {}) => {
    try {
      const text = await (await provider).get(arn, { maxAge: maxAgeS, forceFetch: fresh });
      if (typeof text !== 'string')
        throw new FerryError('misconfigured', `Failed to ${operation}: it is no text`);
      last = text;
      return text;
    } catch (thrown) {
      // Who wants it anew has no use for the old one.
      if (last !== undefined && !fresh) return last;
      throw serviceError(operation, innerError(thrown));
    }
  };
  get().catch(ignored); // whoever needs it asks again
  return get;
};
