import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, type StartAwsOptions, startAws } from '../cloud/aws/aws.ts';

/** The local AWS, with the environment of this process pointing to it as the functions' does. */
export const startLocalAws = async (options: Partial<StartAwsOptions> = {}): Promise<LocalAws> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'unit-aws-'));
  const aws = await startAws({ dataDir, ...options });
  Object.assign(process.env, aws.env);
  return {
    ...aws,
    stop: async () => {
      await aws.stop();
      await rm(dataDir, { recursive: true });
    },
  };
};
