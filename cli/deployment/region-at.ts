import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import type { Here } from '../call/here.ts';
import type { Io } from '../call/io.ts';
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
 * @param name of the region; `from` is where the image is that is imported, whose cloud's token goes along
 * @throws FerryError where the region, or who calls, is not known there; where another cloud's tokens are taken; WrongUse where nobody knows the deployment
 */
export const regionAt = async (
  io: Io,
  asked: CommonOptions,
  here: Here,
  name: string,
  { from, ...options }: Options & { readonly from?: string },
): Promise<ServedRegion> => {
  const to = await here.clouds.region(name, options);
  const source = from === undefined ? to : await here.clouds.region(from, options);
  const url = findUrl(io, asked, { to, from: source });
  await requireOurTokens(url, to, here, options);
  return { to, ferry: createFerryRegion(url, to, here.http) };
};
