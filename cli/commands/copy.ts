import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import type { ImageFacts, Visibility } from '../../lib/replication/record/image-facts.ts';
import type { ReplicaSettings } from '../../lib/schemas/replication.ts';
import type { AskedReplica } from '../../lib/state/messages.ts';
import type { ExitCode } from '../call/exit-codes.ts';
import { type Here, openHere, sourceRegionOf } from '../call/here.ts';
import { inRegions, type RegionCall } from '../call/in-regions.ts';
import { type Io, WrongUse } from '../call/io.ts';
import type { CommonOptions } from '../call/options.ts';
import { type RegionResult, type Results, tellResults } from '../call/results.ts';
import { regionAt } from '../deployment/region-at.ts';
import { bringOn } from '../images/bring-on.ts';
import { findImage } from '../images/find-image.ts';
import { findReplicas } from '../images/find-replicas.ts';
import { resultOf } from '../images/result-of.ts';

export interface CopyOptions extends CommonOptions {
  readonly to: readonly string[];
  readonly from?: string;
  readonly id?: 'same';
  readonly name?: string;
  readonly visibility?: Visibility | 'source';
  readonly property?: Readonly<Record<string, string>>;
  readonly retireOlder?: boolean;
  readonly wait: boolean;
  /** ms. */
  readonly timeout?: number;
}

/** As the source has it, where that is the caller's own: nobody is to publish another one's image by accident. */
const visibilityOf = (
  source: ImageFacts,
  { identity }: CloudRegion,
  { visibility }: CopyOptions,
): { readonly visibility?: Visibility } => {
  if (visibility === 'source') return {};
  if (visibility !== undefined) return { visibility };
  return source.owner === identity.projectId ? {} : { visibility: 'private' };
};

const requestOf = (source: ImageFacts, from: CloudRegion, options: CopyOptions): ReplicaSettings => {
  const { id, name, property, retireOlder } = options;
  return {
    ...visibilityOf(source, from, options),
    ...(name !== undefined && { name }),
    ...(property && { properties: property }),
    ...(id === 'same' && { identity: 'id' }),
    ...(retireOlder && { retire_older: true }),
  };
};

interface CopyCall extends RegionCall {
  /** Called as soon as there is something that goes on by itself. */
  readonly begun: () => void;
}

const notBegun: RegionResult = {
  status: 'not begun',
  reason: 'ended before its import was asked for',
  isOk: false,
};

/** Of a call that is ended before anything goes on by itself, that is said. */
const orNotBegun = async (
  call: RegionCall,
  work: (call: CopyCall) => Promise<RegionResult>,
): Promise<RegionResult> => {
  let isBegun = false;
  const begun = (): void => {
    isBegun = true;
  };
  return await work({ ...call, begun }).catch((error: unknown) => {
    if (isBegun || !call.signal.aborted) throw error;
    return notBegun;
  });
};

const copyTo = async (
  io: Io,
  here: Here,
  options: CopyOptions,
  { source, request }: { readonly source: ImageFacts; readonly request: ReplicaSettings },
  call: CopyCall,
): Promise<RegionResult> => {
  const { signal } = call;
  const { to, ferry } = await regionAt(io, options, here, call.region, { signal, from: source.region });
  const replica: AskedReplica = {
    source: { region: source.region, imageId: source.id },
    region: to.region,
    request,
  };
  const size = source.size === undefined ? {} : { size: source.size };
  const services = { clouds: here.clouds, ferry };
  const brought = await bringOn(services, replica, { ...call, ...size, isWaiting: options.wait });
  call.begun();
  const [found] = await findReplicas(to, source, call);
  if (brought === 'running') return { ...(found && { id: found.id }), status: 'running', isOk: true };
  return found ? resultOf(found) : { status: 'failed', reason: 'it is not there any more', isOk: false };
};

/** For a shell. */
const quoted = (text: string): string =>
  /^[-\w./:@%+=,]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** What was asked for, as it was: another copy must not publish what this one was to keep private. */
export const asked = ({
  osCloud,
  url,
  id,
  name,
  visibility,
  property = {},
  retireOlder,
}: CopyOptions): string => {
  const said = { 'os-cloud': osCloud, url, id, name, visibility };
  const words = Object.entries(said).flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option} ${quoted(value)}`],
  );
  const properties = Object.entries(property).map(
    ([key, value]) => `--property ${quoted(`${key}=${value}`)}`,
  );
  return [...words, ...properties, ...(retireOlder ? ['--retire-older'] : [])]
    .map((word) => ` ${word}`)
    .join('');
};

/** What goes on by itself, and how to look at it. */
const tellHowToGoOn = ({ stderr }: Io, options: CopyOptions, source: ImageFacts, results: Results) => {
  const running = [...results].flatMap(([region, { status }]) => (status === 'running' ? [region] : []));
  if (running.length === 0) return;
  const to = running.join(',');
  stderr.write(
    `The imports to ${to} go on by themselves. This waits for them:\n` +
      `  glance-ferry wait ${source.id} --from ${source.region} --to ${to}\n` +
      'This as well, moves no byte again, and sets what comes last, visibility and members:\n' +
      `  glance-ferry copy ${source.id} --from ${source.region} --to ${to}${asked(options)}\n`,
  );
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
  const request = requestOf(source, from, options);
  const { to: regions, timeout } = options;
  const results = await inRegions(io, { regions, ...(timeout !== undefined && { timeout }) }, (call) =>
    orNotBegun(call, (begun) => copyTo(io, here, options, { source, request }, begun)),
  );
  tellHowToGoOn(io, options, source, results);
  return tellResults(io, options, results);
};
