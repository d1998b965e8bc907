import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FerryError } from '../../errors.ts';
import type { CloudEntries } from '../cloud.ts';
import { type CloudsFiles, readClouds } from './read-clouds.ts';
import { type Environment, environmentName, readEnvironment } from './read-environment.ts';
import type { NamedText } from './yaml-files.ts';

/** Where somebody works. */
export interface Here {
  readonly env: Environment;
  /** The folder one stands in. */
  readonly cwd: string;
  readonly home: string;
}

/** Somebody's clouds, the one that they have chosen first. */
export interface LocalClouds extends CloudEntries {
  /** The name of the chosen one. */
  readonly chosen: string;
  /** The region to start from: OS_REGION_NAME, or the chosen entry's; undefined where nothing says so. */
  readonly region?: string;
}

/** openstacksdk's, in its order. */
const placesOf = ({ env, cwd, home }: Here): readonly string[] => [
  cwd,
  join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'openstack'),
  join(home, '.config', 'openstack'),
  '/etc/openstack',
];
const endings = ['.yaml', '.yml', '.json'];

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** @returns undefined where there is none */
const readText = async (name: string): Promise<NamedText | undefined> => {
  try {
    return { name, text: await readFile(name, 'utf8') };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    const code = error instanceof Error && 'code' in error ? `: ${error.code}` : '';
    throw new FerryError('misconfigured', `${name} cannot be read${code}`, { cause: error });
  }
};

/** The first that is there; the one that a variable names has to be. */
const findFile = async (here: Here, stem: string, variable: string): Promise<NamedText | undefined> => {
  const named = here.env[variable];
  if (named) {
    const file = await readText(named);
    if (file) return file;
    throw new FerryError('misconfigured', `${variable} names ${named}, which is not there`);
  }
  for (const place of placesOf(here)) {
    for (const ending of endings) {
      const file = await readText(join(place, `${stem}${ending}`));
      if (file) return file;
    }
  }
  return undefined;
};

const filesOf = async (here: Here): Promise<CloudsFiles | undefined> => {
  const clouds = await findFile(here, 'clouds', 'OS_CLIENT_CONFIG_FILE');
  if (!clouds) return undefined;
  const [secure, profiles] = await Promise.all([
    findFile(here, 'secure', 'OS_CLIENT_SECURE_FILE'),
    findFile(here, 'clouds-public', 'OS_CLIENT_VENDOR_FILE'),
  ]);
  return { clouds, secure, profiles };
};

/** All that files and an openrc have, the openrc first. @throws FerryError `misconfigured` */
const readAll = async (here: Here, isOpenrcAsked: boolean): Promise<CloudEntries> => {
  const files = await filesOf(here);
  const read = files ? await readClouds(files) : { clouds: [], broken: [] };
  const openrc = isOpenrcAsked ? readEnvironment(here.env) : undefined;
  return openrc ? { ...read, clouds: [openrc, ...read.clouds] } : read;
};

/** As OpenStack's clients: the one that is named, the openrc, or the only one there is. */
const choose = ({ clouds, broken }: CloudEntries, named: string | undefined): string => {
  const names = [...clouds, ...broken].map(({ name }) => name);
  const listed = names.join(', ') || 'none';
  if (named !== undefined && !names.includes(named))
    throw new FerryError('misconfigured', `There is no cloud ${named}; there are: ${listed}`);
  const only = names.length === 1 ? names[0] : names.find((name) => name === environmentName);
  const chosen = named ?? only;
  if (chosen !== undefined) return chosen;
  const reason =
    names.length === 0 ? 'neither OS_AUTH_URL nor a clouds.yaml is there' : `there are: ${listed}`;
  throw new FerryError('misconfigured', `No cloud is chosen, by --os-cloud or OS_CLOUD; ${reason}`);
};

/**
 * The clouds of who works at a terminal, from their standard places.
 * @param named by `--os-cloud`; OS_CLOUD counts where it is undefined
 * @throws FerryError `misconfigured` naming file, entry and field, or the variable
 */
export const localClouds = async (here: Here, named = here.env['OS_CLOUD']): Promise<LocalClouds> => {
  const name = named === '' ? undefined : named;
  const all = await readAll(here, name === undefined || name === environmentName);
  const chosen = choose(all, name);
  const problem = all.broken.find((one) => one.name === chosen)?.problem;
  if (problem !== undefined) throw new FerryError('misconfigured', problem);
  const clouds = [...all.clouds].sort(
    (one, other) => Number(other.name === chosen) - Number(one.name === chosen),
  );
  const region = here.env['OS_REGION_NAME'] || clouds[0]?.regionName;
  return { ...all, clouds, chosen, ...(region !== undefined && { region }) };
};
