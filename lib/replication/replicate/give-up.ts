import type { CloudRegion } from '../../clouds/cloud.ts';
import type { ReplicateMessage } from '../../state/messages.ts';
import type { Policy } from '../policy/policy.ts';
import { type BringInServices, runningImport } from './bring-in.ts';
import { findPending } from './find-pending.ts';
import { again, failed, type Next } from './next.ts';
import type { SourceState } from './source-state.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** A replica that will not be, since its source cannot be copied. */
interface Hopeless {
  readonly to: CloudRegion;
  readonly policy: Policy;
  readonly state: Extract<SourceState, { readonly kind: 'never' }>;
}

/**
 * Of a source that is gone a record without data may be left, which nobody asks for again: it goes. Not one that has the
 * source's own id, since Glance would not give that again to a source that only seemed gone.
 */
export const giveUp = async (
  services: Pick<BringInServices, 'claims' | 'tasks'>,
  message: ReplicateMessage,
  { to, policy, state }: Hopeless,
  options: Options,
): Promise<Next> => {
  if (!state.isGone || policy.identity === 'id') return failed(state.reason);
  const { imageId: id } = message.replica.source;
  const pending = await findPending(to, { region: policy.source.region, id }, policy.identity, options);
  if (pending?.status !== 'queued') return failed(state.reason);
  const taskId = await runningImport(services, { region: to.region, imageId: pending.id });
  if (taskId) return again(message, 'its import runs, in vain', taskId);
  await to.images.remove(pending.id, options);
  return failed(`${state.reason}; the record for it, ${pending.id}, is removed`);
};
