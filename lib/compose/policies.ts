import type { Config } from '../config.ts';
import { log } from '../log.ts';
import { type PolicyFiles, readPolicyFiles } from '../replication/policy/policy-files.ts';

/** The policies that are deployed with the functions; their files are read when somebody first asks. */
export const composePolicies = ({ POLICIES_DIR: folder }: Config): (() => Promise<PolicyFiles>) => {
  let files: Promise<PolicyFiles> | undefined;
  const read = async (): Promise<PolicyFiles> => {
    const found = await readPolicyFiles(folder);
    for (const { file, reason } of found.broken) log.error('policy broken', { file, reason });
    return found;
  };
  return () => {
    files ??= read();
    return files;
  };
};
