import type { CloudRegion, Clouds } from '../../clouds/cloud.ts';
import { isSameRegion } from '../../openstack/catalog.ts';
import type { AskedReplica, ReplicateMessage } from '../../state/messages.ts';
import type { Change } from '../plan/change.ts';
import { isSelected } from '../plan/region/select.ts';
import { wantedReplica } from '../plan/wanted-replica.ts';
import type { Policy } from '../policy/policy.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { askedPolicy } from './asked-policy.ts';
import { type BringInServices, bringIn, runningImport, whileImporting } from './bring-in.ts';
import { createRecord } from './create-record.ts';
import { findPending } from './find-pending.ts';
import { type Finished, finish, isUpkeep } from './finish.ts';
import { giveUp } from './give-up.ts';
import { done, forPerson, left, type Next, waitFor } from './next.ts';
import type { Policies } from './policies.ts';
import { remaining } from './remaining.ts';
import { sourceState } from './source-state.ts';

export interface ReplicateServices extends BringInServices {
  readonly clouds: Pick<Clouds, 'region'>;
  readonly policies: () => Promise<Policies>;
}

interface Options {
  readonly signal: AbortSignal;
}

/** A replica that can be made, and where. */
interface Replica {
  readonly message: ReplicateMessage;
  readonly from: CloudRegion;
  readonly to: CloudRegion;
  readonly policy: Policy;
  readonly source: ImageFacts;
}

/** The deployment's own names for both regions, so that the same replica never has two. */
const spelt = (asked: AskedReplica, from: CloudRegion, to: CloudRegion): AskedReplica => ({
  ...asked,
  source: { ...asked.source, region: from.region },
  region: to.region,
});

/** As far as its record tells: its members are not known yet. */
const maySelect = (policy: Policy, source: ImageFacts): boolean => {
  const { hasMembers: _, ...select } = policy.select;
  return isSelected(source, { ...policy, select });
};

/** A record that is getting its data: by an import of ours, or by what somebody else has begun, or left. */
const whileBecoming = async (
  services: ReplicateServices,
  message: ReplicateMessage,
  { region, id, status }: ImageFacts,
): Promise<Next> => {
  const taskId = await runningImport(services, { region, imageId: id });
  if (taskId) return whileImporting(message, taskId);
  return waitFor(message, `image ${id} of region ${region} is ${status}, and no import is at work`);
};

/** @returns the record that is to get the data: an earlier run's, or a new one */
const recordFor = async (replica: Replica, queued: ImageFacts['id'] | undefined, options: Options) => {
  if (queued) return queued;
  const { from, to, policy, source } = replica;
  const [target = { region: to.region, projects: {} }] = policy.targets;
  const wanted = wantedReplica({ ...source, region: from.region }, policy, target);
  const record = { wanted, identity: policy.identity, source, target };
  const { id } = await createRecord(to, record, options);
  return id as ImageFacts['id'];
};

/**
 * Finishes, and looks once more: members, say, show only when an image has become shared. Older images go one rung down
 * the ladder, and not two.
 */
const finishAll = async (
  services: ReplicateServices,
  replica: Replica,
  changes: readonly Change[],
  options: Options,
): Promise<Finished> => {
  const first = await finish(replica.to, changes, options);
  if (first.kind !== 'done' || changes.length === 0) return first;
  const rest = await remaining(services.clouds, replica, options);
  const second = await finish(replica.to, rest.changes.filter(isUpkeep), options);
  return second.kind === 'done' ? first : second;
};

/** Images do not travel in circles: neither to where they are, nor back to where they come from. */
const circleOf = (from: CloudRegion, to: CloudRegion, { id, provenance }: ImageFacts): string | undefined => {
  if (from.region === to.region) return `image ${id} is in region ${to.region} already`;
  return provenance && isSameRegion(provenance.sourceRegion, to.region)
    ? `image ${id} of region ${from.region} is itself a replica of one of region ${to.region}`
    : undefined;
};

const notBegun = 'the region has no replica of it, and none is begun here';
const notWanted = 'it is hidden, or of an age, so that its policy wants no replica of it';

const bringOn = async (services: ReplicateServices, replica: Replica, options: Options): Promise<Next> => {
  const { message, from, to, policy, source } = replica;
  const withRecord = (imageId: ImageFacts['id']): Promise<Next> =>
    bringIn(services, message, { from, sourceId: source.id, to, imageId }, options);

  const pending = await findPending(to, source, policy.identity, options);
  if (pending?.status === 'queued') return withRecord(pending.id);
  if (pending) return whileBecoming(services, message, pending);
  const { changes, imageId } = await remaining(services.clouds, replica, options);
  const copy = changes.find((change) => change.kind === 'copy');
  if (copy && !services.requestReplica && !copy.record) return left(notBegun);
  if (copy) return withRecord(await recordFor(replica, copy.record, options));
  if (!imageId && changes.length === 0) return left(notWanted);
  const finished = await finishAll(services, replica, changes, options);
  const { kind, reason } = finished;
  if (kind === 'passing') return waitFor(message, reason);
  if (kind === 'left') return left(reason);
  return kind === 'done' ? done(reason, imageId) : forPerson(reason);
};

/**
 * The step `replicate-image`: brings one replica of one image on, by whatever is next. It keeps no state of its own: the
 * source's record, the records of the target region and our imports say how far it is. So it may run twice, side by side,
 * or die anywhere, and the next run goes on; a record without data is taken up, and never made twice.
 * @returns what is to become of its message
 * @throws FerryError where it cannot be said how far it is
 */
export const createReplicateImage =
  (services: ReplicateServices) =>
  async (message: ReplicateMessage, options: Options): Promise<Next> => {
    const { clouds, policies } = services;
    const asked = message.replica;
    const from = await clouds.region(asked.source.region, options);
    const to = await clouds.region(asked.region, options);
    const policy = askedPolicy(await policies(), spelt(asked, from, to));
    const state = await sourceState(from, asked.source.imageId, options);
    if (state.kind === 'never') return await giveUp(services, message, { to, policy, state }, options);
    if (state.kind === 'not-yet') return waitFor(message, state.reason);
    if (!maySelect(policy, state.source)) return left(`policy ${policy.name} does not select it`);
    const circle = circleOf(from, to, state.source);
    if (circle !== undefined) return left(circle);
    return await bringOn(services, { message, from, to, policy, source: state.source }, options);
  };
