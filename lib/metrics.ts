import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { ErrorCode } from './errors.ts';

// One line of CloudWatch's embedded metric format on stdout for each event, written at once: nothing waits for an
// invocation's end, so a worker may run several at a time, and a function that dies has told what happened before.
// POWERTOOLS_METRICS_DISABLED=true turns them off.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

/** A step whose runs are measured. */
export type MeasuredStep = 'stream-image' | 'apply-metadata' | 'fail-import' | 'replicate-image';

type Unit = (typeof MetricUnit)[keyof typeof MetricUnit];
type Values = readonly (readonly [name: string, unit: Unit, value: number])[];
type Dimensions = Readonly<Record<string, string>>;

/** Puts the values under the service's name alone, or under that and each of the further sets of dimensions. */
const publish = (values: Values, ...dimensionSets: readonly Dimensions[]): void => {
  const event = new Metrics({
    namespace: process.env['POWERTOOLS_METRICS_NAMESPACE'] ?? 'glance-ferry',
    serviceName: process.env['POWERTOOLS_SERVICE_NAME'] ?? 'glance-ferry',
  });
  for (const dimensions of dimensionSets) event.addDimensions(dimensions);
  for (const [name, unit, value] of values) event.addMetric(name, unit, value);
  event.publishStoredMetrics();
};

/** The region of an import's target; CloudWatch takes ASCII alone (PutMetricData, Dimension). */
const of = (region: string): Dimensions => ({
  region: region.toWellFormed().replace(/[^ -~]+/g, encodeURIComponent),
});

/** An import was accepted: its first message is queued. Counted among all, and among those to its region. */
export const countStarted = (region: string): void =>
  publish([['ImportsStarted', MetricUnit.Count, 1]], {}, of(region));

interface Success {
  readonly region: string;
  readonly bytes: number;
  /** From the request to the end. */
  readonly seconds: number;
}

/** An import succeeded: counted among all, and among those to its region. */
export const countSucceeded = ({ region, bytes, seconds }: Success): void =>
  publish(
    [
      ['ImportsSucceeded', MetricUnit.Count, 1],
      ['ImportBytes', MetricUnit.Bytes, bytes],
      ['ImportSeconds', MetricUnit.Seconds, seconds],
    ],
    {},
    of(region),
  );

/** An import failed: counted among all, among those of its code, and among those to its region. */
export const countFailed = (code: ErrorCode, region: string): void =>
  publish([['ImportsFailed', MetricUnit.Count, 1]], {}, { code }, of(region));

/** A change of an import's state could not be told to the event bus. */
export const countUntold = (): void => publish([['EventsLost', MetricUnit.Count, 1]], {});

/** What a run of sync-images has done in one region, or would do, in images. */
export interface Synced {
  /** To be copied: their imports are asked for. */
  readonly copied: number;
  /** Bytes of these. */
  readonly bytes: number;
  readonly updated: number;
  readonly retired: number;
  /** Left as they are, which is no fault: in use, changed since the plan, more than a cap allows. */
  readonly kept: number;
  readonly failed: number;
}

/** Counted among all, and among those of the region. */
export const countSynced = (region: string, synced: Synced): void =>
  publish(
    [
      ['SyncCopied', MetricUnit.Count, synced.copied],
      ['SyncBytes', MetricUnit.Bytes, synced.bytes],
      ['SyncUpdated', MetricUnit.Count, synced.updated],
      ['SyncRetired', MetricUnit.Count, synced.retired],
      ['SyncKept', MetricUnit.Count, synced.kept],
      ['SyncFailed', MetricUnit.Count, synced.failed],
    ],
    {},
    of(region),
  );

/** Policies that a run of sync-images could do nothing for. */
export const countNotSynced = (policies: number): void =>
  publish([['SyncFailed', MetricUnit.Count, policies]], {});

/** A replica that was asked for is as it is to be: made, or found there. */
export const countReplicaDone = (): void => publish([['ReplicasDone', MetricUnit.Count, 1]], {});

/** A replica that was asked for will not be, unless somebody asks again. */
export const countReplicaFailed = (): void => publish([['ReplicasFailed', MetricUnit.Count, 1]], {});

/** One run of a step took so long, whatever came of it. */
export const stepTook = (step: MeasuredStep, seconds: number): void =>
  publish([['StepSeconds', MetricUnit.Seconds, seconds]], { step });
