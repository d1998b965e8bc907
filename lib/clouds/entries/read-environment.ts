import { FerryError } from '../../errors.ts';
import type { Cloud } from '../cloud.ts';
import { EntryProblem, readEntry } from './read-entry.ts';
import type { Fields } from './yaml-files.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** As os-client-config calls what an openrc says. */
export const environmentName = 'envvars';

/**
 * What an openrc says: `OS_AUTH_URL`, `OS_USERNAME`, … Its `OS_REGION_NAME` is where its user starts from, and no limit.
 * @returns undefined where it names no Keystone
 * @throws FerryError `misconfigured` naming the variable
 */
export const readEnvironment = (env: Environment): Cloud | undefined => {
  if (!env['OS_AUTH_URL']) return undefined;
  const fields: Fields = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      name.startsWith('OS_') && value ? [[name.slice('OS_'.length).toLowerCase(), value]] : [],
    ),
  );
  const { region_name: _, ...entry } = fields;
  try {
    return readEntry(environmentName, entry);
  } catch (error) {
    if (!(error instanceof EntryProblem)) throw error;
    const names = error.fields.map((field) => `OS_${field.toUpperCase()}`).join(' or ');
    throw new FerryError('misconfigured', `The environment: ${names} ${error.reason}`);
  }
};

/** What the environment adds to an entry of clouds.yaml that leaves it open: Horizon's has no password, and no private CA. */
export const fieldsBeside = (env: Environment): Fields => {
  const { OS_PASSWORD: password, OS_CACERT: cacert, OS_INTERFACE: own, OS_ENDPOINT_TYPE: older } = env;
  const interface_ = own || older;
  return {
    ...(password && { password }),
    ...(cacert && { cacert }),
    // The older name: an entry's `interface` counts before it.
    ...(interface_ && { endpoint_type: interface_ }),
  };
};
