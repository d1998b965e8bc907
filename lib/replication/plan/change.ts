import type { ImageId, RegionName } from '../../schemas/ids.ts';
import type { Properties } from '../../state/task.ts';
import type { ImageFacts, Visibility } from '../record/image-facts.ts';
import type { Provenance } from '../record/provenance.ts';

/** What a replica is to be, but for its bytes; all of it resolved. */
export interface WantedReplica {
  readonly name: string;
  readonly visibility: Visibility;
  /** Project of the target's cloud that is to have it; undefined: it is ours to keep. */
  readonly owner?: string;
  /** Undefined, as with the next two: a new one is not, and has none; an existing one is left as it is. */
  readonly isProtected?: boolean;
  readonly isHidden?: boolean;
  readonly tags?: readonly string[];
  /** Without the provenance's own. */
  readonly properties: Properties;
  /** Names, by policy.synced.properties: such a property on the replica that is not wanted goes. */
  readonly isSynced: (name: string) => boolean;
  /**
   * Project ids of the target's cloud; undefined: are left alone. Of `shared` images only: Glance answers 403 to who
   * lists or adds members of others, so they come after the visibility.
   */
  readonly members?: readonly string[];
  /** GiB; raised to the virtual size. */
  readonly minDisk: number;
  /** MiB. */
  readonly minRam: number;
  readonly provenance: Provenance;
}

/** A value of one of Glance's attributes or of a property; null: it has none. */
export type Value = string | number | boolean | readonly string[] | null;

/** What another image has to be for a change to be right, by Glance's names; ours, unless `owner` says otherwise. */
export interface Reliance {
  readonly image: ImageId;
  readonly is: Readonly<Record<string, Value>>;
}

interface OfImage {
  readonly region: RegionName;
  readonly image: ImageId;
  readonly name: string;
  /** What it shares with its predecessors: changes of one family are done in the plan's order, one after the other. */
  readonly family: string;
  /** Bytes that it moves. */
  readonly bytes: number;
  /** For people: why. */
  readonly reason: string;
  /** Takes something away from who uses an older image: is done only in a run in which nothing failed. */
  readonly isRetirement?: boolean;
  /**
   * What the plan has seen of it and relies on, by Glance's names (`name`, `os_hidden`, `status`, `visibility`, a
   * property's, …): where one of them is otherwise when the change's turn comes, it is refused. With `owner`, and its hash,
   * of an image that is another project's than ours.
   */
  readonly was?: Readonly<Record<string, Value>>;
  /** Of a retirement, the image that takes its place: where that is otherwise when the change's turn comes, it is refused. */
  readonly relies?: Reliance;
}

/**
 * One thing to be done to one image in one region, as data: report, dry run, a kept plan and the doing share it.
 */
export type Change =
  /** `image` is the source's id; `record` the queued one that an earlier run has left. */
  | (OfImage & { readonly kind: 'copy'; readonly from: RegionName; readonly record?: ImageId })
  | (OfImage & {
      readonly kind: 'update';
      /** Glance's attributes and properties; null removes a property. */
      readonly set: Readonly<Record<string, Value>>;
    })
  | (OfImage & {
      readonly kind: 'members';
      readonly add: readonly string[];
      readonly remove: readonly string[];
    })
  | (OfImage & { readonly kind: 'hide' | 'deactivate' | 'delete' })
  | (OfImage & { readonly kind: 'publish' | 'unpublish'; readonly visibility: Visibility })
  | (OfImage & { readonly kind: 'rename'; readonly to: string })
  /** Nothing is done, and said why: a conflict, a volume-backed snapshot, a cap. */
  | (OfImage & {
      readonly kind: 'skip';
      readonly isError: boolean;
      /** A cap leaves it to a later run. */
      readonly isWaiting?: boolean;
    });

/** What the imports of a record that has not all its data yet have come to. */
export interface ImportHistory {
  /** One is at work, though the record may still be `queued`. */
  readonly isRunning: boolean;
  /** When the last one ended, ms since 1970. Undefined: none has that is known of. */
  readonly endedMs?: number;
  /** Why no other one is begun for now. */
  readonly refusal?: string;
}

/** What a plan is made of: all images that matter, region by region. */
export interface Inventory {
  /** ms since 1970. */
  readonly atMs: number;
  readonly source: readonly ImageFacts[];
  readonly targets: ReadonlyMap<RegionName, readonly ImageFacts[]>;
  /** The project of our session, region by region, to which replicas belong that a policy gives to nobody else. */
  readonly owners: ReadonlyMap<RegionName, string>;
  /** Regions that could not be read, with the reason: nothing is planned for them, and nothing is retired anywhere. */
  readonly failed: ReadonlyMap<RegionName, string>;
  /** Of records that have not all their data yet, by region. One that is missing has not been asked about: it may be at work. */
  readonly imports?: ReadonlyMap<RegionName, ReadonlyMap<ImageId, ImportHistory>>;
}
