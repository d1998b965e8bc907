import { FerryError } from '../../errors.ts';
import type { BrokenCloud, Cloud, CloudEntries } from '../cloud.ts';
import { EntryProblem, readEntry, readKeystone } from './read-entry.ts';
import { type Fields, isFields, merged, type NamedText, readYaml } from './yaml-files.ts';

export interface CloudsFiles {
  /** clouds.yaml */
  readonly clouds: NamedText;
  /** secure.yaml: passwords apart from the rest, over which they count. */
  readonly secure?: NamedText | undefined;
  /** clouds-public.yaml: what entries have in common that name it as their `profile`. */
  readonly profiles?: NamedText | undefined;
}

const sectionOf = async (file: NamedText | undefined, section: string): Promise<Fields> => {
  const value = file && (await readYaml(file))[section];
  if (!file || value === undefined || value === '') return {};
  if (isFields(value)) return value;
  throw new FerryError('misconfigured', `${file.name}: ${section} is not a mapping`);
};

/** What a profile adds to an entry. One that only openstacksdk brings along has nothing to add where the Keystone is said. */
const profileOf = (entry: Fields, profiles: Fields): Fields => {
  const { profile, cloud = profile } = entry;
  if (cloud === undefined) return {};
  const found = typeof cloud === 'string' && Object.hasOwn(profiles, cloud) ? profiles[cloud] : undefined;
  if (isFields(found)) return found;
  if (readKeystone(entry)) return {};
  throw new EntryProblem(['profile'], 'is in no clouds-public.yaml');
};

/** What one entry gets where it leaves something open. */
export interface FilledIn {
  /** The entry's; undefined: the only one there is. */
  readonly name?: string | undefined;
  readonly fields: Fields;
}

/**
 * The entries of a clouds.yaml, in its order.
 * @throws FerryError `misconfigured` for a file that cannot be read as a whole; one entry that is wrong is `broken`
 */
export const readClouds = async (files: CloudsFiles, filledIn?: FilledIn): Promise<CloudEntries> => {
  const [entries, secrets, profiles] = await Promise.all([
    sectionOf(files.clouds, 'clouds'),
    sectionOf(files.secure, 'clouds'),
    sectionOf(files.profiles, 'public-clouds'),
  ]);
  const clouds: Cloud[] = [];
  const broken: BrokenCloud[] = [];
  const all = Object.entries(merged(entries, secrets));
  const filled = filledIn && (filledIn.name ?? (all.length === 1 ? all[0]?.[0] : undefined));
  for (const [name, entry] of all) {
    const fields = isFields(entry) ? entry : {};
    const under = name === filled ? filledIn?.fields : undefined;
    try {
      if (!isFields(entry)) throw new EntryProblem([], 'it is not a mapping');
      clouds.push(readEntry(name, merged(merged(under ?? {}, profileOf(entry, profiles)), entry)));
    } catch (error) {
      if (!(error instanceof EntryProblem)) throw error;
      const problem = `${files.clouds.name}, cloud ${name}: ${error.message}`;
      const { region_name: regionName } = fields;
      const region = typeof regionName === 'string' ? { regionName } : {};
      broken.push({ name, problem, ...region, ...readKeystone(fields) });
    }
  }
  return { clouds, broken };
};
