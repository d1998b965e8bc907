import type { ErrorCode } from '../errors.ts';
import type { TaskId } from '../schemas/ids.ts';
import type { ImportRef, Making } from './refs.ts';

/** The checkpoint of one part: what the store has, and how to know the same bytes again. */
export interface StoredPart {
  readonly number: number;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** By the copy's `partAlgorithm`, in base64. */
  readonly checksum: string;
}

/** What somebody says that bytes digest to. */
export interface Hash {
  /** Python hashlib's name, as in `os_hash_algo`. */
  readonly algorithm: string;
  /** Lower-case hex. */
  readonly value: string;
}

/** How an image is cut into segments, and those into rows: row r copies segments r, r + atOnce, r + 2 × atOnce, … */
export interface SegmentPlan {
  /** Bytes of the image. */
  readonly size: number;
  /** Bytes of every part but the image's last. */
  readonly partSize: number;
  /** Parts of every segment but the last. */
  readonly parts: number;
  /** Number of segments. */
  readonly count: number;
  /** How many are copied at a time: as many rows there are. */
  readonly atOnce: number;
}

/** How far the proof of a stored object has come: bytes read, and the states of the digests over them. */
export interface Verification {
  /** Bytes. */
  readonly offset: number;
  /** Base64 by hashlib name. */
  readonly states: Readonly<Record<string, string>>;
}

/** A finished object in the relay bucket whose bytes are proven. */
export interface Transferred {
  /** Bytes. */
  readonly size: number;
  /** Hex by hashlib name: sha512, and the source's algorithm where its digests have a length of their own. */
  readonly digests: Readonly<Record<string, string>>;
  /**
   * hashlib's name of the source's hash that the bytes were compared with; `size` where it has none that can be
   * computed, but a size; absent where nothing vouched for them.
   */
  readonly provenBy?: string;
}

/** How far a row has come. */
export interface RowState {
  /** The segment that is to be copied next; beyond the plan's count when the row is done. */
  readonly next: number;
  /** Bytes of the row that the store has. */
  readonly copied: number;
}

/** Why a copy has failed for good: all who wait for it fail with this. */
export interface CopyFailure {
  readonly reason: string;
  readonly code: ErrorCode;
}

/** A source's bytes in the relay, made once for all imports of one project that wait for it. */
export interface Copy extends Making {
  /** Whose source it is; copies are never shared between projects. */
  readonly projectId: string;
  /** What pins the source's bytes; see lib/copies/record/copy-id.ts. */
  readonly identity: string;
  /** The source, for messages. */
  readonly name: string;
  /** Bytes of the source, where it has told them. */
  readonly size?: number | undefined;
  /**
   * All that the source says its bytes digest to, the strongest first. Kept here so that the object can be verified after
   * its source was deleted.
   */
  readonly hashes: readonly Hash[];
  /** ISO 8601 in UTC without a zone, microseconds: Glance's form. */
  readonly createdAt: string;
  /** Of the last sign of life: an attempt's beginning, heartbeat and pause count as well. */
  readonly updatedAt: string;
  /** The import that has begun it; it may have left since. */
  readonly begunBy?: TaskId;
  /** The imports that wait for it, or are at work with its object. */
  readonly waiting: readonly ImportRef[];
  /** How many uploads of it the store has lost; none when absent. */
  readonly uploadsLost?: number;
  /** Of the multipart upload that its parts go into. */
  readonly uploadId?: string;
  /** Where it is copied in segments. */
  readonly plan?: SegmentPlan;
  /** By number, from 1; none of a row that nobody has begun yet. */
  readonly rows: ReadonlyMap<number, RowState>;
  /** Bytes that the store has of a copy in one stream. */
  readonly copied?: number;
  /** The object is finished; its bytes are not proven yet. */
  readonly stored?: { readonly size: number };
  readonly verification?: Verification;
  /** The object is finished and proven: whoever joins may use it at once. */
  readonly transferred?: Transferred;
  readonly failure?: CopyFailure;
  /** Why the last try failed that came again: what a dead letter has to say. */
  readonly lastFailure?: CopyFailure;
  /** Nobody joins it any more, nobody works at it: it is cleared up. */
  readonly isEnding?: boolean;
  /** Nobody waits, but it is kept until then, ms since 1970, for whoever asks later. */
  readonly keptUntil?: number;
}

/** What a copy is begun with. */
export type NewCopy = Making & Pick<Copy, 'projectId' | 'identity' | 'name' | 'size' | 'hashes'>;

/** What may change on a copy while it is made; what is given as undefined is removed. */
export type CopyChanges = {
  readonly [K in 'uploadId' | 'plan' | 'copied' | 'stored' | 'verification' | 'transferred' | 'lastFailure']?:
    | Copy[K]
    | undefined;
};
