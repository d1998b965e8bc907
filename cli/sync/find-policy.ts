import { readFile } from 'node:fs/promises';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import { readPolicyFiles } from '../../lib/replication/policy/policy-files.ts';
import { readPolicy } from '../../lib/replication/policy/read-policy.ts';
import { type Io, WrongUse } from '../call/io.ts';

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(`${error.code}`);

/** As a deployment has them. */
export const folderOf = ({ env }: Io): string => env['POLICIES_DIR'] || 'policies';

/**
 * A policy by its file, or by its name among those of the folder.
 * @throws FerryError `misconfigured` for a file that is none, by line and field; WrongUse for one that is not there
 */
export const findPolicy = async (io: Io, named: string): Promise<Policy> => {
  try {
    return await readPolicy(await readFile(named, 'utf8'), named);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  const folder = folderOf(io);
  const { policies, broken } = await readPolicyFiles(folder);
  const found = policies.find(({ name }) => name === named);
  if (found) return found;
  const names = policies.map(({ name }) => name).join(', ') || 'none';
  const further = broken.map(({ reason }) => `\n${reason}`).join('');
  throw new WrongUse(
    `There is neither a file ${named} nor a policy of this name in ${folder}; there: ${names}${further}`,
  );
};
