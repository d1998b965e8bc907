import type { CloudRegion, Clouds } from '../../clouds/cloud.ts';
import { isSameRegion } from '../../openstack/catalog.ts';
import type { Locks } from '../../state/locks.ts';
import type { AskedReplica, ReplicateMessage } from '../../state/messages.ts';
import { isSelected } from '../plan/region/select.ts';
import { wantedReplica } from '../plan/wanted-replica.ts';
import type { Policy } from '../policy/policy.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { askedPolicy } from './asked-policy.ts';
import { type BringInServices, bringIn, whileBecoming } from './bring-in.ts';
import { finishReplica } from './finish-replica.ts';
import { createHistoryOf } from './imports/read-imports.ts';
import { left, type Next, waitFor } from './next.ts';
import type { Policies } from './policies.ts';
import { remaining } from './remaining.ts';
import { rememberingSource } from './remember-source.ts';
import { leaveOut } from './remove-record.ts';
import { sourceState } from './source-state.ts';
import { createRecord } from './target-record/create-record.ts';
import { findPending } from './target-record/find-pending.ts';
import { inTurn, whileOthersImport } from './turn.ts';
import { withoutSource } from './without-source.ts';

export interface ReplicateServices extends BringInServices {
  readonly clouds: Pick<Clouds, 'region'>;
  readonly policies: () => Promise<Policies>;
  /** Where others begin imports of the same policies. */
  readonly locks?: Locks;
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
  const { requestReplica: request } = services;
  const isCapped = policy.caps.importsPerRegion !== undefined;
  const look = () =>
    remaining(services.clouds, replica, {
      ...options,
      ...(isCapped && { historyOf: createHistoryOf(services, { isRoutine: false }) }),
    });
  const ofTurn = (begin: () => Promise<Next>) => inTurn(services.locks, { message, policy, look }, begin);
  const importing: BringInServices = {
    ...services,
    ...(request && { requestReplica: rememberingSource(request, policy, source) }),
  };
  const withRecord = (imageId: ImageFacts['id'], turn: NonNullable<BringInServices['inTurn']>) =>
    bringIn({ ...importing, inTurn: turn }, message, { from, sourceId: source.id, to, imageId }, options);

  /** @param taken a record that waits for its data, and how that is begun */
  const byPlan = async (taken?: { readonly id: ImageFacts['id']; begin(): Promise<Next> }): Promise<Next> => {
    const rest = await look();
    const waits = whileOthersImport(message, rest.changes);
    if (waits) return waits;
    const copy = rest.changes.find((change) => change.kind === 'copy');
    if (copy && taken && copy.record === taken.id) return await ofTurn(taken.begin);
    if (copy && !request && !copy.record) return left(notBegun);
    if (copy) return await withRecord(await recordFor(replica, copy.record, options), ofTurn);
    const next = await finishReplica(services.clouds, message, replica, rest, options);
    return next.next === 'done' && !rest.imageId ? left(notWanted) : next;
  };

  const pending = await findPending(to, source, policy.identity, options);
  if (!pending) return await byPlan();
  const { id, status } = pending;
  // As long as an import runs nothing more is asked for; another one is begun only if the plan still wants it.
  return status === 'queued'
    ? await withRecord(id, (begin) => byPlan({ id, begin }))
    : await whileBecoming(services, message, pending);
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
    if (state.kind === 'not-yet') return waitFor(message, state.reason);
    const { source } = state;
    const selected = { message, to, policy };
    if (source && !maySelect(policy, source))
      return await leaveOut(services, selected, `policy ${policy.name} does not select it`, options);
    const circle = source && circleOf(from, to, source);
    if (circle !== undefined) return left(circle);
    if (state.kind === 'never') return await withoutSource(services, { ...selected, state }, options);
    return await bringOn(services, { ...selected, from, source: state.source }, options);
  };
