import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { startAws } from '../cloud/aws/aws.ts';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import { startOpenStack } from '../cloud/openstack/openstack.ts';
import { isProbe, timesRead } from '../cloud/openstack/times-read.ts';
import { httpEvent } from '../integration/lambda.ts';
import { bundle } from './bundles.ts';
import { startFunction } from './measured-function.ts';
import { nextEvent, type Overrides, requireCreated, sqsClient } from './stage.ts';

const sourceRegion = 'SOURCE';
const regionOf = (number: number): string => `REGION${number}`;
const lookAgainMs = 20;

/** An image that was asked for in a region. */
interface Requested {
  readonly region: string;
  readonly imageId: string;
}

/**
 * The emulated cloud with one region that has images, and several that are to get them, all served by one deployment
 * whose functions run in processes of their own.
 */
export const startRegionStage = async (count: number, overrides: Overrides = () => ({})) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'glance-ferry-regions-'));
  const targets = Array.from({ length: count }, (_, index) => regionOf(index + 1));
  const openstack = await startOpenStack<string>({
    dataDir,
    regions: [sourceRegion, ...targets],
    tokenLifetimeS: 24 * 3600,
    glance: Object.fromEntries(targets.map((region) => [region, { discardUploads: true }])),
  });
  const aws = await startAws({ dataDir });
  const given = {
    ...aws.env,
    OS_AUTH_URL: openstack.authUrl,
    OS_REGION_NAME: regionOf(1),
    OS_TARGET_REGIONS: targets.join(','),
    OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: '127.0.0.1',
    POWERTOOLS_LOG_LEVEL: 'CRITICAL',
    POWERTOOLS_METRICS_DISABLED: 'true',
    // How the deployment is shared by projects is not what is measured.
    PROJECT_SHARE_PERCENT: '100',
  };
  const env: Readonly<Record<string, string>> = { ...given, ...(await overrides(given)) };
  const { fileOf, remove } = await bundle(['import-image', 'stream-image', 'apply-metadata', 'fail-import']);
  const importImage = startFunction('import-image', env, { file: fileOf('import-image') });
  const sqs = sqsClient(env);
  const token = openstack.issueToken('demo');
  const source = openstack.region(sourceRegion);

  const messages = async (): Promise<number> => {
    const counts = Object.values(aws.queues).map(async ({ url: QueueUrl }) => {
      const { Attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
      );
      return Object.entries(Attributes)
        .filter(([name]) => name.startsWith('ApproximateNumberOfMessages'))
        .reduce((sum, [, value]) => sum + Number(value), 0);
    });
    return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0);
  };

  return {
    env,
    aws,
    fileOf,
    /** An image of bytes that nobody has stored; each is a source of its own, though their bytes are the same. */
    newSource: (size: number): Promise<ImageView> =>
      source.madeUpImage(
        { disk_format: 'raw', container_format: 'bare' },
        { size, seed: 1, checksum: false },
      ),
    /** Asks for an import into a region, by its number from 1. */
    request: async ({ id: glance_image_id }: ImageView, number: number): Promise<Requested> => {
      const region = regionOf(number);
      const { id: imageId } = await openstack.region(region).createImage({ name: 'copy' });
      const body = { method: { name: 'glance-download', glance_region: sourceRegion, glance_image_id } };
      const event = httpEvent({ method: 'POST', region, imageId, token, body });
      requireCreated((await importImage.invoke(event)).result);
      return { region, imageId };
    },
    /** @throws Error when it has another hash than its source */
    untilActive: async ({ region, imageId }: Requested, { os_hash_value }: ImageView): Promise<void> => {
      const image = () => openstack.region(region).image(imageId);
      while (image()?.status !== 'active') await delay(lookAgainMs);
      if (image()?.os_hash_value !== os_hash_value)
        throw new Error(`${imageId} has another hash than its source`);
    },
    /** Waits until every import has ended. */
    untilIdle: async (): Promise<void> => {
      while ((await messages()) > 0) await delay(lookAgainMs);
    },
    /** Bytes that were read of a source. */
    bytesRead: ({ id, size }: ImageView): number => {
      const given = source.dataReads(id).flatMap((read) => (isProbe(read.asked) ? [] : [read.given]));
      return timesRead(given, Number(size)).total;
    },
    nextEvent: (queue: 'STREAM_IMAGE' | 'APPLY_METADATA') => nextEvent(sqs, env[`${queue}_QUEUE_URL`] ?? ''),
    stop: async (): Promise<void> => {
      await importImage.stop();
      sqs.destroy();
      await Promise.all([openstack.stop(), aws.stop(), remove()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export type RegionStage = Awaited<ReturnType<typeof startRegionStage>>;
