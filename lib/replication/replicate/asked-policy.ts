import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { isSameRegion } from '../../openstack/catalog.ts';
import type { AskedReplica } from '../../state/messages.ts';
import type { Policy, ReplicaIdentity } from '../policy/policy.ts';
import { onlyImage, requestPolicy } from '../policy/request-policy.ts';
import { refusalOfProperties } from '../policy/settable.ts';
import type { Policies } from './policies.ts';

/** The newest of a family stays, older ones are hidden, and lose its name where that decides which one is the replica. */
const retireOlder = (identity: ReplicaIdentity | undefined) => ({
  retirement: {},
  retention: { last: 1 },
  ...(identity === 'name' && { onConflict: 'rename' as const }),
});

const ofRequest = ({ source, region, request = {} }: AskedReplica): Policy => {
  const { name, tags, properties, members, visibility, identity } = request;
  const refusal = refusalOfProperties(properties);
  if (refusal !== undefined) throw new FerryError('bad-request', refusal);
  return requestPolicy({
    source,
    targets: [{ region, projects: {} }],
    ...(identity && { identity }),
    ...(visibility && { synced: { visibility } }),
    set: {
      ...(name !== undefined && { name }),
      ...(tags && { tags }),
      ...(properties && { properties }),
      ...(members && { members }),
      ...(request.protected !== undefined && { isProtected: request.protected }),
      ...(request.hidden !== undefined && { isHidden: request.hidden }),
    },
    ...(request.retire_older && retireOlder(identity)),
  });
};

/** As catalogs compare: the one that is spelt so first. */
const targetIn = ({ targets }: Policy, region: string) =>
  targets.find((target) => target.region === region) ??
  targets.find((target) => isSameRegion(target.region, region));

/**
 * By what rules a replica is made: those of a policy of the deployment, or the ones that a single request is; for this one
 * image and this one region, with both regions spelt as they are asked for.
 * @throws FerryError `bad-request` for a policy that there is not, or that is for other regions; for properties that are none
 */
export const askedPolicy = (policies: Policies, asked: AskedReplica): Policy => {
  const { source, region, policy: name } = asked;
  if (name === undefined) return ofRequest(asked);
  const policy = policies.named(name);
  const target = targetIn(policy, region);
  if (!target || !isSameRegion(policy.source.region, source.region))
    throw new FerryError(
      'bad-request',
      `Policy ${policy.name} brings no images from region ${echo(source.region)} to ${echo(region)}`,
    );
  return {
    ...onlyImage(policy, source.imageId),
    source: { region: source.region },
    targets: [{ ...target, region }],
  };
};
