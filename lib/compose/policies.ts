import type { Config } from '../config.ts';
import { log } from '../log.ts';
import { type PolicyFiles, readPolicyFiles } from '../replication/policy/policy-files.ts';

/** For how long they are as they were, ms: a worker's may be changed while it runs. */
const knownMs = 10_000;

/** The policies that are deployed with the functions; their files are read when somebody asks. */
export const composePolicies = ({ POLICIES_DIR: folder }: Config): (() => Promise<PolicyFiles>) => {
  let known: { readonly files: Promise<PolicyFiles>; readonly untilMs: number } | undefined;
  const read = async (): Promise<PolicyFiles> => {
    const found = await readPolicyFiles(folder);
    for (const { file, reason } of found.broken) log.error('policy broken', { file, reason });
    return found;
  };
  return () => {
    if (!known || known.untilMs < Date.now()) known = { files: read(), untilMs: Date.now() + knownMs };
    return known.files;
  };
};
