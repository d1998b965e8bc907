import type { ErrorCode } from '../errors.ts';
import type { CopyId, ImageId, RequestId } from '../schemas/ids.ts';
import type { AskedReplica } from './messages.ts';
import type { ImportRef } from './refs.ts';
import type { TaskStatus } from './task.ts';

/** An import's state is another one now: what others are told, who neither ask nor poll. */
export interface StateChange extends ImportRef {
  readonly state: TaskStatus;
  /** Undefined for an import that has just been asked for. */
  readonly previous: TaskStatus | undefined;
  readonly requestId: RequestId;
  readonly projectId: string;
  /** Undefined for a URL, which may be a credential. */
  readonly source: { readonly region: string; readonly imageId: ImageId } | undefined;
  readonly copyId: CopyId | undefined;
  /** Bytes of the image, where they have been copied. */
  readonly bytes: number | undefined;
  /** Hex, of the bytes that were copied. */
  readonly sha512: string | undefined;
  /** Since the import was asked for. */
  readonly seconds: number;
  /** Why it has failed: its task's message, and of what kind that is. */
  readonly failure: { readonly reason: string; readonly code: ErrorCode } | undefined;
}

/**
 * Tells that an import's state has changed; the same may be told twice. It never throws, and ends within seconds: where
 * nobody can be told, that is logged and counted, and the import goes on.
 */
export type Announce = (change: StateChange) => Promise<void>;

/** A replica that was asked for has come to its end: it is as it is to be, never will be, or is not to be. */
export interface ReplicaChange {
  readonly replica: AskedReplica;
  readonly state: 'success' | 'failure' | 'skipped';
  /** Of the replica, where there is one of ours. */
  readonly imageId: ImageId | undefined;
  /** Why it is none; undefined for a success. */
  readonly reason: string | undefined;
}

/** Tells of a replica, by the same rules. */
export type AnnounceReplica = (change: ReplicaChange) => Promise<void>;

/** Of a deployment without an event bus. */
export const tellNobody: Announce & AnnounceReplica = () => Promise.resolve();
