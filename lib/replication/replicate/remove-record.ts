import type { CloudRegion } from '../../clouds/cloud.ts';
import type { ReplicateMessage } from '../../state/messages.ts';
import type { Policy } from '../policy/policy.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { type BringInServices, whileImporting } from './bring-in.ts';
import { runningImport } from './imports/running-import.ts';
import { left, type Next } from './next.ts';
import { findPending } from './target-record/find-pending.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Who begins no imports removes no records. */
export type ImportServices = Pick<BringInServices, 'claims' | 'tasks' | 'requestReplica'>;

/** A source that is not to be copied, and the rules by which it was asked for. */
interface NotCopied {
  readonly message: ReplicateMessage;
  readonly to: CloudRegion;
  readonly policy: Policy;
}

/**
 * A record that will get no data goes, since nobody asks for it again. Not one that has the source's own id, which Glance
 * would not give again to a source that comes back.
 * @returns `undefined` where it is not to be removed
 */
export const removeRecord = async (
  { requestReplica }: ImportServices,
  to: CloudRegion,
  { id, status, provenance }: ImageFacts,
  options: Options,
): Promise<string | undefined> => {
  if (!requestReplica || status !== 'queued' || id === provenance?.sourceId) return undefined;
  await to.images.remove(id, options);
  return `the record for it, ${id}, is removed`;
};

/**
 * Of a source that its policy does not select, or no longer: a record of this policy that an import has left without data
 * is removed. One of another policy is that one's to fill.
 */
export const leaveOut = async (
  services: ImportServices,
  { message, to, policy }: NotCopied,
  reason: string,
  options: Options,
): Promise<Next> => {
  const source = { region: policy.source.region, id: message.replica.source.imageId };
  const pending = await findPending(to, source, policy.identity, options);
  if (!pending || pending.provenance?.policy !== policy.name) return left(reason);
  const taskId = await runningImport(services, { region: to.region, imageId: pending.id });
  if (taskId) return whileImporting(message, taskId);
  const removed = await removeRecord(services, to, pending, options);
  return left(removed ? `${reason}; ${removed}` : reason);
};
