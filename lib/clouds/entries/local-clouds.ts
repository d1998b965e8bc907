import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FerryError } from '../../errors.ts';
import { isSameRegion } from '../../openstack/catalog.ts';
import { keystoneRoot } from '../../openstack/keystone.ts';
import type { BrokenCloud, Cloud, CloudEntries } from '../cloud.ts';
import { type CloudsFiles, readClouds } from './read-clouds.ts';
import { type Environment, environmentName, fieldsBeside, readEnvironment } from './read-environment.ts';
import type { NamedText } from './yaml-files.ts';

/** Where somebody works. */
export interface Here {
  readonly env: Environment;
  /** The folder one stands in. */
  readonly cwd: string;
  readonly home: string;
}

/** An entry that may be for the same as the chosen one. */
type Rival = Pick<BrokenCloud, 'name' | 'regionName' | 'authUrl'> & Partial<Pick<Cloud, 'auth'>>;

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

const absent = ['ENOENT', 'ENOTDIR'];
/** A file of root's alone in /etc/openstack is passed over, as openstacksdk does. */
const passedOver = [...absent, 'EACCES'];

/** @returns undefined where there is none, or only one that may be passed over */
const readText = async (name: string, mayFailBy: readonly string[]): Promise<NamedText | undefined> => {
  try {
    return { name, text: await readFile(name, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (mayFailBy.includes(code)) return undefined;
    const reason = [`${name} cannot be read`, code].filter(Boolean).join(': ');
    throw new FerryError('misconfigured', reason, { cause: error });
  }
};

/** The first that is there; the one that a variable names has to be. */
const findFile = async (here: Here, stem: string, variable: string): Promise<NamedText | undefined> => {
  const named = here.env[variable];
  if (named) {
    const file = await readText(named, absent);
    if (file) return file;
    throw new FerryError('misconfigured', `${variable} names ${named}, which is not there`);
  }
  for (const place of placesOf(here)) {
    for (const ending of endings) {
      const file = await readText(join(place, `${stem}${ending}`), passedOver);
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
const readAll = async (here: Here, named: string | undefined): Promise<CloudEntries> => {
  const openrc = named === undefined || named === environmentName ? readEnvironment(here.env) : undefined;
  const files = await filesOf(here);
  const filledIn = openrc ? undefined : { name: named, fields: fieldsBeside(here.env) };
  const read = files ? await readClouds(files, filledIn) : { clouds: [], broken: [] };
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
 * Without those that the chosen one stands for: other accounts at its Keystone, and what other clouds call the region that
 * one starts from. OpenStack's clients know nothing of other entries at all.
 */
const withoutRivals = <T extends Rival>(
  entries: readonly T[],
  chosen: Cloud,
  start: string,
): readonly T[] => {
  const isOfStart = ({ regionName = '' }: T) =>
    chosen.regionName === undefined && start !== '' && isSameRegion(regionName, start);
  const isOtherAccount = ({ authUrl, auth }: T) =>
    authUrl !== undefined &&
    keystoneRoot(authUrl) === keystoneRoot(chosen.authUrl) &&
    JSON.stringify(auth) !== JSON.stringify(chosen.auth);
  return entries.filter(
    (entry) => entry.name === chosen.name || !(isOfStart(entry) || isOtherAccount(entry)),
  );
};

/**
 * The clouds of who works at a terminal, from their standard places.
 * @param named by `--os-cloud`; OS_CLOUD counts where it is undefined
 * @throws FerryError `misconfigured` naming file, entry and field, or the variable
 */
export const localClouds = async (here: Here, named = here.env['OS_CLOUD']): Promise<LocalClouds> => {
  const name = named === '' ? undefined : named;
  const all = await readAll(here, name);
  const chosen = choose(all, name);
  const own = all.clouds.find((one) => one.name === chosen);
  if (!own) {
    const problem = all.broken.find((one) => one.name === chosen)?.problem ?? `There is no cloud ${chosen}`;
    throw new FerryError('misconfigured', problem);
  }
  const start = here.env['OS_REGION_NAME'] ?? '';
  const region = start || own.regionName;
  const others = withoutRivals(all.clouds, own, start).filter((one) => one !== own);
  const broken = withoutRivals(all.broken, own, start);
  return { clouds: [own, ...others], broken, chosen, ...(region !== undefined && { region }) };
};
