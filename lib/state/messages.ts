import type { CopyId, ImageId, RegionName, TaskId } from '../schemas/ids.ts';
import type { ReplicaSettings } from '../schemas/replication/image-published.ts';
import type { ImportRef } from './refs.ts';

/** The steps that messages are for; each has a queue of its name. */
export type StepName = 'stream-image' | 'apply-metadata' | 'fail-import';

/** An import is to take its next step. */
export interface ImportMessage extends ImportRef {
  /** How often it has come in vain, since its project had its share at work. */
  readonly waits?: number;
  /** Of apply-metadata, when it is to set formats and properties only, with nothing transferred before it. */
  readonly activation?: 'none';
}

/** A copy is to be gone on with: as a whole, or one of its rows. */
export interface CopyMessage {
  readonly copyId: CopyId;
  /** 0, the copy as a whole, when absent. */
  readonly row?: number;
  readonly waits?: number;
}

/** What travels through the queues: ids and what is to be done, never state, never a token. */
export type StepMessage = ImportMessage | CopyMessage;

export const isOfCopy = (message: StepMessage): message is CopyMessage => 'copyId' in message;

/** A message, and the step that it is for. */
export interface Sending {
  readonly to: StepName;
  readonly message: StepMessage;
  /** Seconds for which nobody sees it, 900 at most; 0 when absent. */
  readonly delayS?: number;
}

/** A message to a copy, or to one of its rows. */
export const toCopy = (message: CopyMessage): Sending => ({ to: 'stream-image', message });

/** Sends messages to the steps. @throws FerryError when a queue cannot be reached */
export type Send = (sending: Sending) => Promise<void>;

/** A replica that is to be: of which image, where, and by whose rules. */
export interface AskedReplica {
  readonly source: { readonly region: RegionName; readonly imageId: ImageId };
  /** Of the replica. */
  readonly region: RegionName;
  /** Name of a policy of the deployment; a single request has none. */
  readonly policy?: string;
  /** What a single request wants. */
  readonly request?: ReplicaSettings;
  /** Asked for by a run of sync-images, as by the one before and the next: an import that fails is not begun anew each time. */
  readonly isRoutine?: boolean;
}

/**
 * What travels through the queue of replicate-image: one replica is to be brought on. It comes again until that is there,
 * or never will be; whatever it finds then counts, and what it keeps beside the replica's names is of use, but not needed.
 */
export interface ReplicateMessage {
  readonly replica: AskedReplica;
  /** The import that it waits for. */
  readonly taskId?: TaskId;
  /** How often it has come again. */
  readonly looks?: number;
  /** ms since 1970: since when what it waits for has not come. */
  readonly waitsSinceMs?: number;
}

/** @throws FerryError when the queue cannot be reached */
export type SendReplicate = (message: ReplicateMessage, delayS?: number) => Promise<void>;

/** Makes a dead letter of a message, with the reason. @throws FerryError when the queue cannot be reached */
export type Bury = (body: string, reason: string) => Promise<void>;

/** One received message, as far as its receiver may act on it. */
export interface Delivery {
  /** 1 at the first time. */
  readonly receiveCount: number;
  /** Hides the message for so many seconds from now on: a heartbeat while at work, a delay before another try. */
  hideFor(seconds: number): Promise<void>;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
export const longestDelayS = 900;
