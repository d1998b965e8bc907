import { FerryError } from '../errors.ts';
import type { Keystone } from '../openstack/keystone.ts';
import type { BrokenCloud, Cloud, CloudEntries } from './cloud.ts';
import { madeFor } from './made-for.ts';
import { trustCloud } from './trust-cloud.ts';

/** Who tells whose a token is. */
export type TokenCheck = Pick<Keystone, 'validate'>;

export interface KeystonesServices {
  readonly entries: () => Promise<CloudEntries>;
  /** The one Keystone of a URL. @param authUrl as in an entry */
  readonly keystoneAt: (authUrl: string) => TokenCheck;
}

/** The Keystones of regions that have clouds of their own, for who brings a token of one. */
export interface Keystones {
  /** @returns undefined for a region that no entry is made for. @throws FerryError `misconfigured` */
  of(region: string): Promise<TokenCheck | undefined>;
  /** The regions that entries are made for. */
  regions(): Promise<readonly string[]>;
}

const all = ({ clouds, broken }: CloudEntries): readonly (Cloud | BrokenCloud)[] => [...clouds, ...broken];

/** An entry without credentials will do: they are not used. */
export const createKeystones = ({ entries, keystoneAt }: KeystonesServices): Keystones => ({
  of: async (region) => {
    const made = madeFor(all(await entries()), region);
    if (!made) return undefined;
    if (made.authUrl === undefined)
      throw new FerryError('misconfigured', `This service does not know the Keystone of region ${region}`);
    trustCloud(made);
    return keystoneAt(made.authUrl);
  },
  regions: async () =>
    all(await entries()).flatMap(({ regionName }) => (regionName === undefined ? [] : [regionName])),
});
