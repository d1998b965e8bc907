import { startFunctions } from '../load/functions.ts';
import { type FunctionProcess, startFunction } from './measured-function.ts';
import { type RealCloud, startRealCloud } from './real-cloud.ts';
import { requireCreated } from './stage.ts';

// Who brings an image of a real OpenStack into two regions at once: deployments of ours, and upstream.

/** What a deployment of ours consists of here. */
export const functionNames = ['import-image', 'stream-image', 'apply-metadata', 'fail-import'] as const;

/** Asks for an import into each region. */
export type Ask = (sourceId: string, targets: readonly string[]) => Promise<void>;

const askOurs =
  (cloud: RealCloud, importImage: FunctionProcess): Ask =>
  async (sourceId, targets) => {
    for (const [index, target] of targets.entries()) {
      const event = await cloud.importEvent(sourceId, target, cloud.targets[index]);
      requireCreated((await importImage.invoke(event)).result);
    }
  };

export const askUpstream =
  (cloud: RealCloud): Ask =>
  async (sourceId, targets) => {
    const asked = targets.map((target, index) =>
      cloud.upstreamImport(sourceId, target, undefined, cloud.targets[index]),
    );
    const refused = (await Promise.all(asked)).find((status) => status !== 202);
    if (refused) throw new Error(`upstream answered ${refused}`);
  };

/** A deployment of ours for both regions, whose relay is where the settings say. */
export const deploy = async (
  fileOf: (name: string) => string,
  settings: Readonly<Record<string, string>> = {},
) => {
  const cloud = await startRealCloud({ OS_TARGET_REGIONS: '*', PROJECT_SHARE_PERCENT: '100', ...settings });
  const { env, queues } = cloud;
  const importImage = startFunction('import-image', env, { file: fileOf('import-image') });
  const functions = startFunctions({ env, fileOf, aws: { queues } });
  return {
    cloud,
    ask: askOurs(cloud, importImage),
    /** @throws Error with what its functions complain of */
    requireQuiet: () => {
      if (functions.complaints.length > 0) throw new Error(functions.complaints.join('\n'));
    },
    stop: async () => {
      await Promise.all([importImage.stop(), functions.stop()]);
      await cloud.stop();
    },
  };
};

/** A deployment's own settings of the relay, beside an S3 as AWS has it. */
export const besideS3 = (endpoint: string) => ({
  AWS_ENDPOINT_URL_S3: endpoint,
  PART_CHECKSUM: 'crc32',
  PART_SIZE_MIB: '16',
  MAX_PARTS: '10000',
});
