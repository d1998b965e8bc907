import type { SQSClient } from '@aws-sdk/client-sqs';
import { FerryError } from '../errors.ts';
import { innermostReason } from '../innermost-reason.ts';

/**
 * What Lambda gives to every function and a process of one's own must be given: where AWS is, and who asks. Without it
 * every message would be tried to its end.
 * @throws FerryError `misconfigured`
 */
export const requireIdentity = async ({ config }: Pick<SQSClient, 'config'>): Promise<void> => {
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
