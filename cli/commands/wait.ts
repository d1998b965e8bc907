import { factsOf } from '../../lib/replication/record/facts-of.ts';
import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import type { ExitCode } from '../call/exit-codes.ts';
import { inRegions, type RegionCall } from '../call/in-regions.ts';
import type { Io } from '../call/io.ts';
import type { CopiesOptions } from '../call/options.ts';
import { type RegionResult, tellResults } from '../call/results.ts';
import { followImport, isRunning } from '../deployment/follow-import.ts';
import { regionAt, type ServedRegion } from '../deployment/region-at.ts';
import { findReplicas } from '../images/find-replicas.ts';
import { type Meant, noneThere, openNamed } from '../images/named-image.ts';
import { resultOf } from '../images/result-of.ts';

/** The one that an import works at, before one that has its data already. */
const awaited = async (
  { ferry }: ServedRegion,
  replicas: readonly ImageFacts[],
  options: { readonly signal: AbortSignal },
): Promise<ImageFacts | undefined> => {
  for (const replica of replicas.filter(({ status }) => status !== 'active')) {
    const task = (await ferry.tasks(replica.id, options)).at(-1);
    if (task && isRunning(task)) return replica;
  }
  return replicas[0];
};

/** Who began it sets last who sees it; what that is to be nobody else knows. */
export const arrived = (replica: ImageFacts, { visibility = 'private' }: Meant): RegionResult => {
  const isUnfinished = replica.visibility === 'private' && visibility !== 'private' && replica.provenance;
  const reason = `it is private, and its source ${visibility}: if it is not to stay so, the same copy once more sets it`;
  return { ...resultOf(replica), ...(isUnfinished && { reason }) };
};

const waitAt = async (served: ServedRegion, meant: Meant, call: RegionCall): Promise<RegionResult> => {
  const { to, ferry } = served;
  const replica = await awaited(served, await findReplicas(to, meant, call), call);
  if (!replica) throw noneThere(meant, to.region);
  if (replica.status === 'active') return arrived(replica, meant);
  const { size } = meant;
  const task = await followImport(ferry, replica.id, { ...call, ...(size !== undefined && { size }) });
  const now = factsOf(to.region, await to.images.image(replica.id, call));
  if (now.status === 'active') return arrived(now, meant);
  const reason = task?.status === 'failure' ? task.message : `it is ${now.status}, and no import is at work`;
  return { ...resultOf(now), status: 'failed', reason, isOk: false };
};

/** Waits for imports that were begun before, by whomever; it begins none. */
export const wait = async (io: Io, options: CopiesOptions, args: readonly string[]): Promise<ExitCode> => {
  const { here, meant } = await openNamed(io, options, args);
  const { to: regions, timeout } = options;
  const results = await inRegions(io, { regions, ...(timeout !== undefined && { timeout }) }, async (call) =>
    waitAt(await regionAt(io, options, here, call.region, call), meant, call),
  );
  return tellResults(io, options, results);
};
