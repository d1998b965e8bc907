import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asFerryError } from '../../errors.ts';
import type { Policy } from './policy.ts';
import { readPolicy } from './read-policy.ts';

/** A file that is no policy, and why. */
export interface BrokenPolicy {
  readonly file: string;
  /** By line and field. */
  readonly reason: string;
}

/** The policies of a folder. */
export interface PolicyFiles {
  /** By the names of their files. */
  readonly policies: readonly Policy[];
  readonly broken: readonly BrokenPolicy[];
}

const isPolicyFile = (name: string): boolean => /\.(ya?ml|json)$/.test(name) && !name.startsWith('.');

/** None where there is no such folder. */
const namesIn = async (folder: string): Promise<readonly string[]> => {
  try {
    return (await readdir(folder)).filter(isPolicyFile).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
};

/** Every file by itself: one that is broken keeps no other. Of two policies of a name, the second file is broken. */
export const readPolicyFiles = async (folder: string): Promise<PolicyFiles> => {
  const policies = new Map<string, { readonly file: string; readonly policy: Policy }>();
  const broken: BrokenPolicy[] = [];
  for (const name of await namesIn(folder)) {
    const file = join(folder, name);
    try {
      const policy = await readPolicy(await readFile(file, 'utf8'), file);
      const other = policies.get(policy.name);
      if (other) broken.push({ file, reason: `${file}: ${other.file} has a policy ${policy.name} already` });
      else policies.set(policy.name, { file, policy });
    } catch (error) {
      broken.push({ file, reason: asFerryError(error).explanation });
    }
  }
  return { policies: [...policies.values()].map(({ policy }) => policy), broken };
};
