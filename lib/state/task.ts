import type { ErrorCode } from '../errors.ts';
import type { CopyId, ImageId, RequestId } from '../schemas/ids.ts';
import type { Transferred } from './copy.ts';
import type { ImportRef } from './refs.ts';

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
      /** Whose the rights at the source are, where they are not those at the target: a project of another cloud. */
      readonly projectId?: string;
      /** As the task's, for the source. */
      readonly cloud?: string;
    }
  | { readonly kind: 'web-download' };

/** Properties of an image by name. */
export type Properties = Readonly<Record<string, string>>;

/** One attribute of the target: its value before the import (absent: undefined, or left out) and after. */
export interface Change {
  readonly was?: unknown;
  readonly set: string;
}

export type Changes = Readonly<Record<string, Change>>;

/** How an import ends. */
export interface Ending {
  readonly status: 'success' | 'failure';
  readonly message: string;
}

/** The record of one import. */
export interface Task extends ImportRef {
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
  /**
   * The entry of the deployment's clouds with whose rights the target is written; '' is its own. Undefined: with the
   * caller's token. Names are data; secrets never lie here.
   */
  readonly cloud?: string;
  /** The target is in another cloud than the deployment's, whose service user is not known there. */
  readonly isOfOtherCloud?: true;
  /** What proves that the task is ours, with the caller's tokens, if it has some; erased at the end. */
  readonly sealed?: string;
  /** The copy that it waits for, or works with. */
  readonly copyId?: CopyId;
  /** What the copy has brought. */
  readonly transferred?: Transferred;
  /** What the target is to get, as the source's record said when the import joined its copy. */
  readonly wanted?: Properties;
  /** What apply-metadata sets on the target, and what was there before. */
  readonly changes?: Changes;
  /** The target has them. */
  readonly isApplied?: boolean;
  /** Glance has answered its upload, and the bytes were proven before the last one left: it fails only for other bytes. */
  readonly isUploaded?: boolean;
  /** Settled: what is left to do is to clear up. */
  readonly ending?: Ending;
  /** How often sweep-imports has sent a message for it, since there was no sign of life. */
  readonly revivals?: number;
  /** Why the last try failed, and of what kind that is. */
  readonly failure?: string;
  readonly failureCode?: ErrorCode;
}

export const hasEnded = ({ status }: Pick<Task, 'status'>): boolean =>
  status === 'success' || status === 'failure';

/** Glance's form of a time: microseconds, no zone (`2020-12-18T05:20:38.000000`). It is UTC. */
export const glanceTime = (at: Date): string => at.toISOString().replace('Z', '000');

/** ms since 1970 of a time in Glance's form. */
export const msOf = (time: string): number => Date.parse(`${time}Z`);
