import { type LocalAws, startAws } from './aws/aws.ts';
import type { AwsPorts } from './aws/settings.ts';
import {
  type DefaultRegion,
  type OpenStack,
  type OpenStackOptions,
  startOpenStack,
} from './openstack/openstack.ts';

/** Ports on 127.0.0.1; a free one where absent or 0. */
export type CloudPorts<Region extends string = DefaultRegion> = Readonly<
  Partial<Record<'keystone' | Region, number>>
> &
  Partial<AwsPorts>;

export interface CloudOptions<Region extends string = DefaultRegion>
  extends Omit<OpenStackOptions<Region>, 'ports'> {
  /** Where the data of images, objects and parts lies as files. */
  readonly dataDir: string;
  readonly ports?: CloudPorts<NoInfer<Region>>;
  /** The region of the deployment; REGION2 when absent. */
  readonly ownRegion?: NoInfer<Region>;
  /** Seconds for all queues, instead of what serverless.yml says. */
  readonly visibilityS?: number;
}

export interface Cloud<Region extends string = DefaultRegion> {
  readonly openstack: OpenStack<Region>;
  readonly aws: LocalAws;
  /** All that the functions of a deployment in its own region need. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The whole cloud in this process: Keystone, a Glance for each region, SQS, S3, DynamoDB, Secrets Manager, EventBridge. */
export async function startCloud<const Region extends string = DefaultRegion>(
  options: CloudOptions<Region>,
): Promise<Cloud<Region>> {
  const openstack = await startOpenStack(options);
  try {
    const aws = await startAws(options);
    const env = {
      // Without it the filter refuses the loopback.
      OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: '127.0.0.1',
      ...aws.env,
      OS_AUTH_URL: openstack.authUrl,
      OS_REGION_NAME: options.ownRegion ?? 'REGION2',
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
