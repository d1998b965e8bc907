import { FerryError, hasCode } from '../../lib/errors.ts';
import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import { type ImageId, parseImageId, type RegionName } from '../../lib/schemas/ids.ts';
import { type Here, openHere, sourceRegionOf } from '../call/here.ts';
import type { Io } from '../call/io.ts';
import type { CopiesOptions } from '../call/options.ts';
import { findImage } from './find-image.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** An image whose copies are meant; or, where only its id is known, one of them. */
export type Meant = Pick<ImageFacts, 'id' | 'region' | 'size'> & Partial<Pick<ImageFacts, 'visibility'>>;

/** What is known of the id alone: it may be a copy's. */
const onlyId = (id: ImageId, region: string): Meant => ({ id, region: region as RegionName });

/** By id or name in its own region, or by the id of a copy. */
const namedImage = async (
  here: Here,
  { from }: { readonly from?: string },
  named: string,
  options: Options,
): Promise<Meant> => {
  const id = parseImageId(named);
  if (id && from === undefined && here.region === undefined) return onlyId(id, '');
  const region = sourceRegionOf(here, from === undefined ? {} : { from });
  try {
    return await findImage(await here.clouds.region(region, options), named, options);
  } catch (error) {
    if (id && hasCode(error, 'not-found')) return onlyId(id, region);
    throw error;
  }
};

/**
 * The clouds of the caller, and the image whose copies the caller asks about.
 * @param args the command's: the image's id, its name, or the id of a copy
 * @throws FerryError `not-found`, `misconfigured`; WrongUse for a name that several have
 */
export const openNamed = async (
  io: Io,
  options: CopiesOptions,
  [named = '']: readonly string[],
): Promise<{ readonly here: Here; readonly meant: Meant }> => {
  const here = await openHere(io, options);
  return { here, meant: await namedImage(here, options, named, io) };
};

export const noneThere = ({ id }: Meant, region: string): FerryError =>
  new FerryError('not-found', `Region ${region} has no image ${id}, and no copy of it`);
