import { type LocalAws, startAws } from './aws/aws.ts';
import type { AwsPorts } from './aws/settings.ts';
import { type OpenStack, type RegionName, startOpenStack } from './openstack/openstack.ts';

/** Ports on 127.0.0.1; a free one where absent or 0. */
export type CloudPorts = Readonly<Partial<Record<'keystone' | RegionName, number>>> & Partial<AwsPorts>;

export interface CloudOptions {
  /** Where the data of images, objects and parts lies as files. */
  readonly dataDir: string;
  readonly ports?: CloudPorts;
  /** Seconds; 3600 when absent. */
  readonly tokenLifetimeS?: number;
  /** Seconds for all queues, instead of what serverless.yml says. */
  readonly visibilityS?: number;
}

export interface Cloud {
  readonly openstack: OpenStack;
  readonly aws: LocalAws;
  /** All that the functions of a deployment in REGION2 need. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The whole cloud in this process: Keystone, Glance of REGION1 and REGION2, SQS, S3, DynamoDB, Secrets Manager. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const openstack = await startOpenStack(options);
  try {
    const aws = await startAws(options);
    const env = {
      // Without it the filter refuses the loopback.
      OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: '127.0.0.1',
      ...aws.env,
      OS_AUTH_URL: openstack.authUrl,
      OS_REGION_NAME: 'REGION2',
    };
    return {
      openstack,
      aws,
      env,
      stop: async () => void (await Promise.all([openstack.stop(), aws.stop()])),
    };
  } catch (error) {
    await openstack.stop();
    throw error;
  }
}
