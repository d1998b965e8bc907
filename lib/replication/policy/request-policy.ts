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
export interface ReplicaTerms {
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
export const requestPolicy = (terms: ReplicaTerms): Policy => ({
  ...policyDefaults,
  name: '',
  source: { region: terms.source.region },
  targets: terms.targets,
  select: { imageId: terms.source.imageId },
  identity: terms.identity ?? policyDefaults.identity,
  synced: { ...policyDefaults.synced, ...terms.synced },
  set: terms.set ?? {},
  onConflict: terms.onConflict ?? policyDefaults.onConflict,
  ...(terms.retention && { retention: terms.retention }),
  ...(terms.retirement && { retirement: { ...retirementDefaults, ...terms.retirement } }),
  caps: {},
});

/** A policy, for one image of those that it is for: nothing is planned for others. */
export const onlyImage = (policy: Policy, imageId: ImageId): Policy => ({
  ...policy,
  select: { ...policy.select, imageId },
});
