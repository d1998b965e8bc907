import type { RegionName } from '../../schemas/ids.ts';
import type { Visibility } from '../record/image-facts.ts';
import type { Projects } from '../record/our-mark.ts';

// A policy, as code works with it: read from a file (read-policy.ts), or made of a single request, with all defaults in.

/**
 * Which record of a target region is an image's replica: the one of the same id; the one of the same name; or the one whose
 * provenance says so, whatever its name and id.
 */
export type ReplicaIdentity = 'id' | 'name' | 'provenance';

/** What is done where a target has an image of the same name, or id, that is not this source's replica. */
export type OnConflict = 'error' | 'replace' | 'rename' | 'keep';

/** A rung of the ladder on which older images go down, one at each run. */
export type Rung = 'hide' | 'deactivate' | 'private' | 'delete';

export interface PolicyTarget {
  readonly region: RegionName;
  /** Members that it does not name stay as they are; images of owners that it does not name are ours there. */
  readonly projects: Projects;
  /** Its Glance lets nobody but us write our properties. */
  readonly areMarksReserved?: boolean;
}

/** Everything that is named must hold. */
export interface Selection {
  /** One image, of a single request. */
  readonly imageId?: string;
  readonly visibility?: readonly Visibility[];
  readonly owners?: readonly string[];
  readonly tags?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
  /** Patterns with `*` and `?`. */
  readonly names?: readonly string[];
  /** ms since the creation. */
  readonly minAgeMs?: number;
  readonly maxAgeMs?: number;
  readonly hasMembers?: boolean;
  /** Snapshots of instances: only those (`true`), or none (`false`). */
  readonly snapshots?: boolean;
}

/** What of a source is kept the same on its replicas. */
export interface Synced {
  /** Patterns of names; `!` before one takes it out again. */
  readonly properties: readonly string[];
  readonly tags: boolean;
  readonly members: boolean;
  readonly protection: boolean;
  readonly hidden: boolean;
  /** `source`: as the source's; otherwise this one. */
  readonly visibility: 'source' | Visibility;
}

/**
 * What of a family is kept, counted by the time its sources were made, in UTC. Whatever any rule keeps is kept, and the
 * newest always.
 */
export interface Retention {
  /** The newest so many, the very newest among them. */
  readonly last?: number;
  readonly days?: number;
  /** The newest of each of the last so many days that have one; weeks (ISO 8601), months and years likewise. */
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

export interface Retirement {
  /** In order; `delete` only where `isDeleteAllowed`. */
  readonly ladder: readonly Rung[];
  readonly isDeleteAllowed: boolean;
  /** Of an older one when its successor takes its name: `{name}`, `{date}` and `{id}` are filled in. */
  readonly oldName: string;
  /** Whether replicas go whose source is gone, or no longer selected. */
  readonly isForRemoved: boolean;
}

/** Undefined: no limit. */
export interface Caps {
  readonly removalsPerRun?: number;
  readonly bytesPerRun?: number;
  readonly importsPerRegion?: number;
}

/** Set on every replica, over what is synced. */
export interface SetOnReplicas {
  readonly name?: string;
  readonly tags?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
  readonly isProtected?: boolean;
  readonly isHidden?: boolean;
  /** Project ids of the target's cloud. */
  readonly members?: readonly string[];
}

export interface Policy {
  /** Empty for a single request. */
  readonly name: string;
  readonly source: { readonly region: RegionName };
  readonly targets: readonly PolicyTarget[];
  readonly select: Selection;
  readonly identity: ReplicaIdentity;
  readonly synced: Synced;
  readonly set: SetOnReplicas;
  readonly onConflict: OnConflict;
  readonly retention?: Retention;
  readonly retirement?: Retirement;
  readonly caps: Caps;
}
