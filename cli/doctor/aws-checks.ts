import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { patienceOf } from '../../lib/aws/patience.ts';
import { serviceError } from '../../lib/aws/service-error.ts';
import { type Check, check, fine, note } from './check.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const patience = patienceOf({ silenceMs: 5_000, maxAttempts: 2 });

const bucketCheck = (bucket: string): Promise<Check> =>
  check('', 'bucket', `AWS's credentials need s3:ListBucket on ${bucket}`, async () => {
    // Path style is what every store takes.
    const client = new S3Client({ ...patience, forcePathStyle: true });
    await client.send(new HeadBucketCommand({ Bucket: bucket })).catch((error: unknown) => {
      throw serviceError(`look at bucket ${bucket}`, error);
    });
    return fine(`${bucket} is there`);
  });

const queueCheck = (url: string): Promise<Check> =>
  check('', 'queue', "AWS's credentials need sqs:GetQueueAttributes on it", async () => {
    const command = new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['ApproximateNumberOfMessages'],
    });
    const { Attributes = {} } = await new SQSClient(patience).send(command).catch((error: unknown) => {
      throw serviceError(`look at queue ${url}`, error);
    });
    return fine(`${url} is there, ${Attributes['ApproximateNumberOfMessages'] ?? '0'} messages wait`);
  });

const hasCredentials = (env: Environment): boolean =>
  ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'].some((name) => env[name]);

/** The deployment's own bucket and queue, where their names and AWS's credentials are in the environment. */
export const awsChecks = async (env: Environment): Promise<readonly Check[]> => {
  const [bucket, queue] = [env['RELAY_BUCKET'], env['REPLICATE_IMAGE_QUEUE_URL']];
  if (!hasCredentials(env) || (!bucket && !queue))
    return [
      {
        ...{ region: '', what: 'bucket, queue' },
        ...note("not looked at: that needs AWS's credentials, and RELAY_BUCKET, REPLICATE_IMAGE_QUEUE_URL"),
      },
    ];
  return await Promise.all([...(bucket ? [bucketCheck(bucket)] : []), ...(queue ? [queueCheck(queue)] : [])]);
};
