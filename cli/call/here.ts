import { homedir } from 'node:os';
import type { BrokenCloud, Clouds } from '../../lib/clouds/cloud.ts';
import { createClouds } from '../../lib/clouds/create-clouds.ts';
import { localClouds } from '../../lib/clouds/entries/local-clouds.ts';
import { proxiesOf } from '../../lib/http/connections/proxy.ts';
import { createOpenStackHttp, type OpenStackHttp } from '../../lib/openstack/http.ts';
import { keystoneRoot } from '../../lib/openstack/keystone.ts';
import { type Io, WrongUse } from './io.ts';
import type { CommonOptions } from './options.ts';

/** The clouds of the caller. */
export interface Here {
  readonly clouds: Clouds;
  readonly http: OpenStackHttp;
  /** What the environment, or the chosen entry, says. */
  readonly region: string | undefined;
  /** Entries that cannot be used. */
  readonly broken: readonly BrokenCloud[];
  /** Of all of them, without versions. */
  readonly keystones: readonly string[];
}

/** Of connections that carry image data: the command has none. */
const noData = { stallMs: 60_000, minimumRate: 0, answerMs: 60_000 };

/**
 * The clouds that the call may reach, as OpenStack's clients find them.
 * @throws FerryError `misconfigured` naming the file and its entry, or the variable
 */
export const openHere = async ({ env }: Io, { osCloud }: CommonOptions): Promise<Here> => {
  const http = createOpenStackHttp({ ...noData, proxyFor: proxiesOf(env) });
  const local = await localClouds({ env, cwd: process.cwd(), home: homedir() }, osCloud ?? env['OS_CLOUD']);
  const clouds = createClouds({ http, entries: () => Promise.resolve(local) });
  const keystones = new Set(local.clouds.map(({ authUrl }) => keystoneRoot(authUrl)));
  return { clouds, http, region: local.region, broken: local.broken, keystones: [...keystones] };
};

/** @throws WrongUse where nothing says in which region an image is */
export const sourceRegionOf = ({ region }: Here, { from }: { readonly from?: string }): string => {
  const named = from ?? region;
  if (named !== undefined) return named;
  throw new WrongUse(
    'Where is the image? --from REGION says it, or OS_REGION_NAME, or region_name of the cloud',
  );
};
