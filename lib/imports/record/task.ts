import type { ErrorCode } from '../../errors.ts';
import type { Changes } from '../../properties/changes.ts';
import type { Properties } from '../../properties/copied.ts';
import type { AttemptId, ImageId, RequestId, TaskId } from '../../schemas/ids.ts';
import type { SegmentPlan } from '../../transfer/segment-plan.ts';

/** Glance's task states. */
export type TaskStatus = 'pending' | 'processing' | 'success' | 'failure';

/** How the target gets its data; `none`: it does not, only formats and properties are set. */
export type Activation = 'upload' | 'none';

/** Where the bytes come from. The URI of a web-download may be a credential, so it lies sealed beside the token. */
export type TaskSource =
  | {
      readonly kind: 'glance-download';
      readonly region: string;
      readonly interface: string;
      readonly imageId: ImageId;
      /** Undefined when the catalog has none: the task fails and says so (API_CONTRACT=glance). */
      readonly endpoint?: string;
    }
  | { readonly kind: 'web-download' };

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

/** How an import ends. */
export interface Ending {
  readonly status: 'success' | 'failure';
  readonly message: string;
}

/** The record of one import, item `task#<id>` of the table. */
export interface Task {
  readonly imageId: ImageId;
  readonly id: TaskId;
  readonly status: TaskStatus;
  readonly message: string;
  /** Project id, as in Glance. */
  readonly owner: string;
  readonly userId: string;
  readonly roles: readonly string[];
  readonly requestId: RequestId;
  /** ISO 8601 in UTC without a zone, microseconds: Glance's form. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt?: string;
  /** The request's body as it is shown in the task list. */
  readonly importRequest: Readonly<Record<string, unknown>>;
  readonly source: TaskSource;
  readonly targetEndpoint: string;
  readonly activation: Activation;
  /** The caller's token, sealed; erased at the end. */
  readonly sealed?: string;
  readonly uploadId?: string;
  /** Identity of the source that the stored parts are of. */
  readonly sourceIdentity?: string;
  /** How the image is cut, when it is copied in segments. */
  readonly segments?: SegmentPlan;
  /** The segment that found all to be copied, and whether it has said so. */
  readonly gathering?: { readonly by: number; readonly isSent: boolean };
  /** The object is finished; its bytes are not proven yet. */
  readonly stored?: { readonly size: number };
  readonly verification?: Verification;
  readonly transferred?: Transferred;
  /** What the target is to get, as the source's record said when its bytes were copied. */
  readonly wanted?: Properties;
  /** What apply-metadata sets on the target, and what was there before. */
  readonly changes?: Changes;
  /** The target has them. */
  readonly isApplied?: boolean;
  /** Settled: what is left to do is to clear up. */
  readonly ending?: Ending;
  /** How often sweep-imports has sent a message for it, since there was no sign of life. */
  readonly revivals?: number;
  /** Why the last try failed, and of what kind that is. */
  readonly failure?: string;
  readonly failureCode?: ErrorCode;
}

export interface TaskKey {
  readonly imageId: ImageId;
  readonly id: TaskId;
}

export interface ClaimKey {
  readonly imageId: ImageId;
  readonly taskId: TaskId;
  readonly attempt: AttemptId;
  /** Number of the segment that the attempt is at; the whole import when absent. */
  readonly segment?: number;
  /** Of fail-import: it may begin although the import ends. */
  readonly mayEnd?: boolean;
}

export const hasEnded = ({ status }: Pick<Task, 'status'>): boolean =>
  status === 'success' || status === 'failure';

/** Where all relay objects lie. */
export const objectsPrefix = 'imports/';

/** The relay object's key. */
export const objectKey = ({ id }: Pick<Task, 'id'>): string => `${objectsPrefix}${id}`;
