import type { CloudRegion, Clouds } from '../../clouds/cloud.ts';
import type { ReplicateMessage } from '../../state/messages.ts';
import { isComplete } from '../plan/region/region-view.ts';
import type { Policy } from '../policy/policy.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { rememberedSource } from '../record/remembered-source.ts';
import { whileBecoming, whileImporting } from './bring-in.ts';
import { finishReplica } from './finish-replica.ts';
import { runningImport } from './imports/running-import.ts';
import { done, failed, type Next } from './next.ts';
import { type RemainingOf, remaining } from './remaining.ts';
import { type ImportServices, removeRecord } from './remove-record.ts';
import type { SourceState } from './source-state.ts';
import { pendingAmong, replicasOf } from './target-record/find-pending.ts';

interface Options {
  readonly signal: AbortSignal;
}

interface WithoutSourceServices extends ImportServices {
  readonly clouds: Pick<Clouds, 'region'>;
}

/** A replica whose source cannot be copied any more: it is gone, or deactivated, or has no data. */
interface Stranded {
  readonly message: ReplicateMessage;
  readonly to: CloudRegion;
  readonly policy: Policy;
  readonly state: Extract<SourceState, { readonly kind: 'never' }>;
}

/** A policy, for an image that it has selected before: nothing that its conditions could look at is known any more. */
const forGone = ({ select: { imageId }, ...policy }: Policy): Policy => ({
  ...policy,
  select: { ...(imageId !== undefined && { imageId }) },
});

const sourceFor = (replica: ImageFacts, { to, policy, state }: Stranded): RemainingOf | undefined => {
  if (state.source) return { to, policy, source: state.source };
  const source = rememberedSource(replica);
  return source && { to, policy: forGone(policy), source, isSourceGone: true };
};

/** Of a replica that remembers nothing of its source: it was finished, unless it shows that it was not. */
const asItIs = ({ id, visibility }: ImageFacts, { policy, state: { reason } }: Stranded): Next => {
  const { visibility: wanted } = policy.synced;
  const isUnfinished = visibility === 'private' && wanted !== 'source' && wanted !== 'private';
  return isUnfinished
    ? failed(`${reason}; its replica ${id} is private, and was to be ${wanted}`)
    : done(`${reason}; its replica ${id} is finished`, id);
};

/**
 * Brings a replica to its end whose source cannot be copied any more. One that has its data is finished: with what the
 * source's record says, or, where that is gone, with what the replica's own record remembers of it. An import that runs may
 * have all its bytes, and is waited for. A record that will get no data is removed.
 */
export const withoutSource = async (
  services: WithoutSourceServices,
  stranded: Stranded,
  options: Options,
): Promise<Next> => {
  const { message, to, policy, state } = stranded;
  const source = { region: policy.source.region, id: message.replica.source.imageId };
  const replicas = await replicasOf(to, source, policy.identity, options);
  const pending = pendingAmong(replicas);
  const taskId = pending && (await runningImport(services, { region: to.region, imageId: pending.id }));
  if (taskId) return whileImporting(message, taskId);
  const removed = pending && (await removeRecord(services, to, pending, options));
  const replica = replicas.find(isComplete);
  if (!replica && pending && pending.status !== 'queued') return whileBecoming(services, message, pending);
  if (!replica) return failed(removed ? `${state.reason}; ${removed}` : state.reason);
  const unfinished = sourceFor(replica, stranded);
  if (!unfinished) return asItIs(replica, stranded);
  const rest = await remaining(services.clouds, unfinished, options);
  const isMissing = rest.changes.some(({ kind }) => kind === 'copy');
  if (isMissing || (!rest.imageId && rest.changes.length === 0)) return failed(state.reason);
  return await finishReplica(services.clouds, message, unfinished, rest, options);
};
