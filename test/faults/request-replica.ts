import { unhurried } from '../../lib/aws/events.ts';
import { createSqsClient } from '../../lib/aws/queue.ts';
import { composeClouds } from '../../lib/compose/clouds.ts';
import { composeAnnounce } from '../../lib/compose/events.ts';
import { composeOpenStack } from '../../lib/compose/openstack.ts';
import { composeSealer } from '../../lib/compose/secrets.ts';
import { composeSend, composeState } from '../../lib/compose/state.ts';
import { loadConfig, sealingSecret } from '../../lib/config.ts';
import { createRequestReplica } from '../../lib/imports/request/request-replica.ts';
import type { ImageId } from '../../lib/schemas/ids.ts';
import type { Task } from '../../lib/state/task.ts';
import type { Prepared } from './imports-under-test.ts';
import { sourceRegion } from './regions.ts';

/** Asks for an import as a function would that has just started: it signs in to both clouds, and knows nothing yet. */
export const requestReplica = async ({ region, targetId, sourceId }: Prepared): Promise<Task> => {
  const signal = AbortSignal.timeout(60_000);
  const config = loadConfig(process.env, ['IMPORTS_TABLE', 'STREAM_IMAGE_QUEUE_URL'], sealingSecret);
  const clouds = composeClouds(config, composeOpenStack(config));
  const request = createRequestReplica({
    ...composeState(config),
    send: composeSend(config, createSqsClient()),
    announce: composeAnnounce(config, unhurried),
    sealer: composeSealer(config),
  });
  const [from, to] = [await clouds.region(sourceRegion, { signal }), await clouds.region(region, { signal })];
  return await request({ from, to, sourceId: sourceId as ImageId, imageId: targetId as ImageId }, { signal });
};
