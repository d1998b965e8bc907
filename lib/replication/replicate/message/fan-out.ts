import { FerryError } from '../../../errors.ts';
import { log } from '../../../log.ts';
import { isSameRegion } from '../../../openstack/catalog.ts';
import type { AskedReplica, SendReplicate } from '../../../state/messages.ts';
import { everyPolicy, type Published } from '../../event/image-published.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Policies } from '../policies.ts';

export interface FanOutServices {
  readonly policies: () => Promise<Policies>;
  readonly send: SendReplicate;
}

const byPolicy = (source: AskedReplica['source'], { name, targets }: Policy): readonly AskedReplica[] =>
  targets.map(({ region }) => ({ source, region, policy: name }));

/** @throws FerryError `bad-request` for a policy that there is not, or that is for another region */
const replicasOf = ({ source, wanted }: Published, policies: Policies): readonly AskedReplica[] => {
  if (typeof wanted !== 'string') return wanted.map((target) => ({ source, ...target }));
  if (wanted === everyPolicy) return policies.of(source.region).flatMap((policy) => byPolicy(source, policy));
  const policy = policies.named(wanted);
  if (isSameRegion(policy.source.region, source.region)) return byPolicy(source, policy);
  const reason = `Policy ${policy.name} is for images of region ${policy.source.region}`;
  throw new FerryError('bad-request', `${reason}, not of ${source.region}`);
};

/**
 * Makes an event into one message for each region where the image is to be, so that no region waits for another one, or
 * fails with it. An event that comes twice makes messages twice: they find what is there.
 * @returns the replicas that were asked for
 * @throws FerryError `bad-request`, with nothing sent; or where the queue cannot be reached, with some sent
 */
export const createFanOut =
  ({ policies, send }: FanOutServices) =>
  async (published: Published): Promise<readonly AskedReplica[]> => {
    const replicas = replicasOf(published, await policies());
    for (const replica of replicas) await send({ replica });
    const { region, imageId } = published.source;
    const targets = replicas.map((replica) => replica.region);
    log.info('image published', { region, image_id: imageId, targets });
    return replicas;
  };
