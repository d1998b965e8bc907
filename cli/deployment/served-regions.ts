import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import type { Here } from '../call/here.ts';
import { type Io, WrongUse } from '../call/io.ts';
import type { CommonOptions } from '../call/options.ts';
import { createFerryRegion, type FerryRegion } from './ferry-client.ts';
import { findUrl } from './find-url.ts';
import { requireOurTokens } from './whose-tokens.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** A region, and the deployment as it serves it. */
export interface ServedRegion {
  readonly to: CloudRegion;
  readonly ferry: FerryRegion;
}

/**
 * One of the regions that were asked for.
 * @throws FerryError where the region, or who calls, is not known there; where the deployment takes another cloud's tokens
 */
export type ServedAt = (region: string, options: Options) => Promise<ServedRegion>;

export interface ServedRegionsOptions extends Options {
  readonly regions: readonly string[];
  /** Where the image is that is imported: the token of its cloud goes along. Absent where nothing is imported. */
  readonly from?: string;
}

/**
 * Finds the deployments of several regions, before anything is begun in one of them. A region that cannot be reached
 * concerns no other: its error is thrown when it is asked for.
 * @throws WrongUse where nobody says which deployment serves one of them
 */
export const servedRegions = async (
  io: Io,
  asked: CommonOptions,
  here: Here,
  { regions, from, signal }: ServedRegionsOptions,
): Promise<ServedAt> => {
  const find = async (region: string) => {
    const to = await here.clouds.region(region, { signal });
    const source = from === undefined ? to : await here.clouds.region(from, { signal });
    return { to, url: findUrl(io, asked, { to, from: source }) };
  };
  const found = new Map(regions.map((region) => [region, find(region)]));
  for (const one of await Promise.allSettled(found.values()))
    if (one.status === 'rejected' && one.reason instanceof WrongUse) throw one.reason;
  return async (region, options) => {
    const { to, url } = await (found.get(region) ?? find(region));
    await requireOurTokens(url, to, here, options);
    return { to, ferry: createFerryRegion(url, to, here.http) };
  };
};
