import { FerryError } from '../errors.ts';
import { innermostReason } from '../innermost-reason.ts';

/** The part of the SDK's clients that is used here. */
interface AwsClient {
  readonly config: {
    readonly region: () => Promise<string>;
    readonly credentials: () => Promise<unknown>;
  };
}

/**
 * What Lambda gives to every function and a process of one's own must be given: where AWS is, and who asks. Without it
 * every message would be tried to its end.
 * @throws FerryError `misconfigured`
 */
export const requireIdentity = async ({ config }: AwsClient): Promise<void> => {
  try {
    await config.region();
    await config.credentials();
  } catch (cause) {
    const reason = `Failed to start: ${innermostReason(cause)}`;
    throw new FerryError(
      'misconfigured',
      `${reason}. Set AWS_REGION, and credentials as the AWS SDK finds them`,
      {
        cause,
      },
    );
  }
};
