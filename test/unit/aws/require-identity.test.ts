import { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { requireIdentity } from '../../../lib/aws/require-identity.ts';

beforeEach(() => {
  for (const name of ['AWS_REGION', 'AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    vi.stubEnv(name, undefined);
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nowhere');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(() => vi.unstubAllEnvs());

const failure = async (): Promise<unknown> => requireIdentity(new SQSClient({})).catch((error) => error);

test('a process without AWS_REGION does not start, and says what to set', async () => {
  expect(await failure()).toMatchObject({
    code: 'misconfigured',
    message: 'Failed to start: Region is missing. Set AWS_REGION, and credentials as the AWS SDK finds them',
  });
});

test('nor does one without credentials', async () => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  expect(await failure()).toMatchObject({
    code: 'misconfigured',
    message: expect.stringMatching(/^Failed to start: .*[Cc]redentials.*\. Set AWS_REGION, and credentials/),
  });
});

test('one that has both does', async () => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
  expect(await failure()).toBeUndefined();
});
