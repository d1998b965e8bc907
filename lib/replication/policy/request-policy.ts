import type { ImageId, RegionName } from '../../schemas/ids.ts';
import { policyDefaults, retirementDefaults } from './defaults.ts';
import type {
  OnConflict,
  Policy,
  PolicyTarget,
  ReplicaIdentity,
  Retention,
  Retirement,
  SetOnReplicas,
  Synced,
} from './policy.ts';

/** One image that is to be in other regions; what is not said is as in `policyDefaults`. */
export interface ReplicaRequest {
  readonly source: { readonly region: RegionName; readonly imageId: ImageId };
  readonly targets: readonly PolicyTarget[];
  readonly identity?: ReplicaIdentity;
  readonly synced?: Partial<Synced>;
  readonly set?: SetOnReplicas;
  readonly onConflict?: OnConflict;
  readonly retention?: Retention;
  /** Older ones of its family go down this ladder; undefined: none does. */
  readonly retirement?: Partial<Retirement>;
}

/** The policy without a name that a single request is. */
export const requestPolicy = (request: ReplicaRequest): Policy => ({
  ...policyDefaults,
  name: '',
  source: { region: request.source.region },
  targets: request.targets,
  select: { imageId: request.source.imageId },
  identity: request.identity ?? policyDefaults.identity,
  synced: { ...policyDefaults.synced, ...request.synced },
  set: request.set ?? {},
  onConflict: request.onConflict ?? policyDefaults.onConflict,
  ...(request.retention && { retention: request.retention }),
  ...(request.retirement && { retirement: { ...retirementDefaults, ...request.retirement } }),
  caps: {},
});

/** A policy, for one image of those that it is for: nothing is planned for others. */
export const onlyImage = (policy: Policy, imageId: ImageId): Policy => ({
  ...policy,
  select: { ...policy.select, imageId },
});
