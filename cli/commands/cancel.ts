import type { ImageId } from '../../lib/schemas/ids.ts';
import type { ExitCode } from '../call/exit-codes.ts';
import { inRegions } from '../call/in-regions.ts';
import type { Io } from '../call/io.ts';
import type { CopiesOptions } from '../call/options.ts';
import { type RegionResult, tellResults } from '../call/results.ts';
import { type ServedRegion, servedRegions } from '../deployment/served-regions.ts';
import { findReplicas } from '../images/find-replicas.ts';
import { type Meant, noneThere, openNamed } from '../images/named-image.ts';

const cancelAt = async (
  { to, ferry }: ServedRegion,
  meant: Meant,
  options: { readonly signal: AbortSignal },
): Promise<RegionResult> => {
  const replicas = await findReplicas(to, meant, options);
  const [first] = replicas;
  if (!first) throw noneThere(meant, to.region);
  const cancelled: ImageId[] = [];
  for (const { id, status } of replicas)
    if (status !== 'active' && (await ferry.cancel(id, options))) cancelled.push(id);
  const [id] = cancelled;
  if (id) return { id, status: 'cancelled', isOk: true };
  return { id: first.id, status: first.status, reason: 'no import is running', isOk: false };
};

/** Ends the imports of an image; their records stay, without data. */
export const cancel = async (io: Io, options: CopiesOptions, args: readonly string[]): Promise<ExitCode> => {
  const { here, meant } = await openNamed(io, options, args);
  const asked = { regions: options.to, signal: io.signal };
  const servedAt = await servedRegions(io, options, here, asked);
  const results = await inRegions(io, asked, async (call) =>
    cancelAt(await servedAt(call.region, call), meant, call),
  );
  return tellResults(io, options, results);
};
