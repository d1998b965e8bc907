import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { hasCode } from '../../lib/errors.ts';
import { factsOf } from '../../lib/replication/record/facts-of.ts';
import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import { rememberedSource } from '../../lib/replication/record/remembered-source.ts';
import type { ExitCode } from '../call/exit-codes.ts';
import { tellHowToGoOn } from '../call/go-on.ts';
import type { Here } from '../call/here.ts';
import { inRegions, type RegionCall } from '../call/in-regions.ts';
import type { Io } from '../call/io.ts';
import type { CopiesOptions, WantedOptions } from '../call/options.ts';
import { reasonOf } from '../call/reason-of.ts';
import { type RegionResult, tellResults } from '../call/results.ts';
import { signalOf } from '../call/signal.ts';
import { followImport, isRunning } from '../deployment/follow-import.ts';
import { type ServedRegion, servedRegions } from '../deployment/served-regions.ts';
import { bringTo, type WantedCopy } from '../images/bring-to.ts';
import { findReplicas } from '../images/find-replicas.ts';
import { type Meant, noneThere, openNamed } from '../images/named-image.ts';
import { resultOf } from '../images/result-of.ts';
import { requestOf } from '../images/wanted-copy.ts';

interface Options {
  readonly signal: AbortSignal;
}

export interface WaitOptions extends CopiesOptions, WantedOptions {}

/** What is waited for, of an image. */
interface Awaited {
  readonly meant: Meant;
  readonly options: WaitOptions;
}

/** Those that `copy` with the same options would bring on; where there is none, those of other projects too. */
const candidates = (
  all: readonly ImageFacts[],
  { projectId }: CloudRegion['identity'],
  { meant, options }: Awaited,
): readonly ImageFacts[] => {
  const own = all.filter(({ owner }) => owner === projectId);
  const same = options.id === 'same' ? own.filter(({ id }) => id === meant.id) : [];
  return [same, own, all].find(({ length }) => length > 0) ?? [];
};

/** The one that an import works at, before one that has its data already. */
const awaitedOf = async (
  { to, ferry }: ServedRegion,
  asked: Awaited,
  options: Options,
): Promise<ImageFacts | undefined> => {
  const replicas = candidates(await findReplicas(to, asked.meant, options), to.identity, asked);
  for (const replica of replicas.filter(({ status }) => status !== 'active')) {
    const task = (await ferry.tasks(replica.id, options)).at(-1);
    if (task && isRunning(task)) return replica;
  }
  return replicas[0];
};

/** Until its import has ended, whatever it has become then. */
const onlyWait = async (
  { to, ferry }: ServedRegion,
  replica: ImageFacts,
  { size }: Meant,
  call: RegionCall,
): Promise<RegionResult> => {
  if (replica.status === 'active') return resultOf(replica);
  const task = await followImport(ferry, replica.id, { ...call, ...(size !== undefined && { size }) });
  const now = factsOf(to.region, await to.images.image(replica.id, call));
  if (now.status === 'active') return resultOf(now);
  const reason = task?.status === 'failure' ? task.message : `it is ${now.status}, and no import is at work`;
  return { ...resultOf(now), status: 'failed', reason, isOk: false };
};

/** What `wait` can do about a copy: bring it to what it is to be, or wait for its data alone. */
type Left = { readonly wanted: WantedCopy } | { readonly why?: string };

/** As it is now; of one that is gone, what its copy remembers until that is finished. */
const sourceOf = async (
  from: CloudRegion,
  replica: ImageFacts,
  { sourceId }: NonNullable<ImageFacts['provenance']>,
  options: Options,
): Promise<ImageFacts> => {
  try {
    return factsOf(from.region, await from.images.image(sourceId, options));
  } catch (error) {
    const remembered = hasCode(error, 'not-found') ? rememberedSource(replica) : undefined;
    if (!remembered) throw error;
    return remembered;
  }
};

/** @throws FerryError where the source's region cannot be asked */
const leftFor = async (
  { clouds }: Here,
  replica: ImageFacts,
  { identity }: CloudRegion,
  options: WaitOptions & Options,
): Promise<Left> => {
  const { provenance, owner } = replica;
  // Somebody has asked for an import into a record of his own making.
  if (!provenance || owner !== identity.projectId) return {};
  if (provenance.policy !== '') return { why: `policy ${provenance.policy} looks after it` };
  try {
    const from = await clouds.region(provenance.sourceRegion, options);
    const source = await sourceOf(from, replica, provenance, options);
    return { wanted: { source, request: requestOf(source, from, options) } };
  } catch (error) {
    if (!hasCode(error, 'not-found', 'bad-request')) throw error;
    return { why: `what comes last is not set, its source being out of sight: ${reasonOf(error)}` };
  }
};

const waitAt = async (
  here: Here,
  served: ServedRegion,
  asked: Awaited,
  call: RegionCall,
): Promise<RegionResult> => {
  const { meant, options } = asked;
  const replica = await awaitedOf(served, asked, call);
  if (!replica) throw noneThere(meant, served.to.region);
  call.begun(replica.id);
  const left = await leftFor(here, replica, served.to, { ...options, signal: call.signal });
  if ('wanted' in left)
    return await bringTo(here, served, left.wanted, { ...call, isWaiting: true, mayBegin: false });
  const { why: reason } = left;
  return { ...(reason !== undefined && { reason }), ...(await onlyWait(served, replica, meant, call)) };
};

/** Waits for imports that were begun before, by any command or by hand, and ends where `copy` would have ended; it begins none. */
export const wait = async (io: Io, options: WaitOptions, args: readonly string[]): Promise<ExitCode> => {
  const { here, meant } = await openNamed(io, options, args);
  const asked = { regions: options.to, signal: signalOf(io, options) };
  const servedAt = await servedRegions(io, options, here, asked);
  const results = await inRegions(io, asked, async (call) =>
    waitAt(here, await servedAt(call.region, call), { meant, options }, call),
  );
  const from = meant.region === '' ? {} : { from: meant.region };
  tellHowToGoOn(io, { ...options, ...from, image: meant.id }, results);
  return tellResults(io, options, results);
};
