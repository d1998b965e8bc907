import type { ExitCode } from '../call/exit-codes.ts';
import { tellHowToGoOn } from '../call/go-on.ts';
import { openHere, sourceRegionOf } from '../call/here.ts';
import { inRegions, type RegionCall } from '../call/in-regions.ts';
import { type Io, WrongUse } from '../call/io.ts';
import type { CopiesOptions, WantedOptions } from '../call/options.ts';
import { type RegionResult, tellResults } from '../call/results.ts';
import { signalOf } from '../call/signal.ts';
import { servedRegions } from '../deployment/served-regions.ts';
import { bringTo } from '../images/bring-to.ts';
import { findImage } from '../images/find-image.ts';
import { requestOf } from '../images/wanted-copy.ts';

export interface CopyOptions extends CopiesOptions, WantedOptions {
  readonly wait: boolean;
}

const notBegun: RegionResult = {
  status: 'not begun',
  reason: 'ended before its import was asked for',
  isOk: false,
};

/** Of a call that is ended before anything goes on by itself, that is said. */
const orNotBegun = async (
  call: RegionCall,
  work: (call: RegionCall) => Promise<RegionResult>,
): Promise<RegionResult> => {
  let isBegun = false;
  const begun: RegionCall['begun'] = (imageId) => {
    isBegun = true;
    call.begun(imageId);
  };
  return await work({ ...call, begun }).catch((error: unknown) => {
    if (isBegun || !call.signal.aborted) throw error;
    return notBegun;
  });
};

/**
 * Copies an image to other regions, and waits until it is there as it is to be. A second call goes on with what it finds.
 * @throws WrongUse, FerryError where not even a beginning can be made
 */
export const copy = async (
  io: Io,
  options: CopyOptions,
  [named = '']: readonly string[],
): Promise<ExitCode> => {
  const here = await openHere(io, options);
  const from = await here.clouds.region(sourceRegionOf(here, options), io);
  if (options.to.some((region) => region.toLowerCase() === from.region.toLowerCase()))
    throw new WrongUse(`Region ${from.region} is where the image is: it cannot be copied to there`);
  const source = await findImage(from, named, io);
  const wanted = { source, request: requestOf(source, from, options) };
  const asked = { regions: options.to, signal: signalOf(io, options) };
  const servedAt = await servedRegions(io, options, here, { ...asked, from: source.region });
  const copyTo = async (call: RegionCall): Promise<RegionResult> => {
    const served = await servedAt(call.region, call);
    return await bringTo(here, served, wanted, { ...call, isWaiting: options.wait, mayBegin: true });
  };
  const results = await inRegions(io, asked, (call) => orNotBegun(call, copyTo));
  tellHowToGoOn(io, { ...options, image: source.id, from: source.region }, results);
  return tellResults(io, options, results);
};
