import type { RelayStore } from '../../aws/s3/relay-store.ts';
import type { RetryBudget } from '../../download/reading.ts';
import type { Copies } from '../../state/copies.ts';
import type { Tasks } from '../../state/tasks.ts';
import type { PartLimits } from '../../transfer/part-plan.ts';
import type { SegmentLimits } from '../../transfer/segment-plan.ts';
import type { Waiters } from './waiters.ts';

/** What a copy is made with. */
export interface CopyServices {
  readonly copies: Copies;
  /** Of the imports that wait: why they fail. */
  readonly tasks: Pick<Tasks, 'fail'>;
  readonly relay: RelayStore;
  readonly waiters: Waiters;
  readonly partLimits: PartLimits;
  readonly partsInFlight: number;
  readonly segmentLimits: SegmentLimits;
  /** Bytes; Glance's image_size_cap. */
  readonly imageSizeCap: number;
  /** For reading a source, and the relay's object. */
  readonly sourceBudget: RetryBudget;
  /** Seconds between heartbeats. */
  readonly heartbeatS: number;
}
