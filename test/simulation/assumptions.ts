/** What the model assumes; everything else is the code's own. Rates in bytes a second. */
export interface Assumptions {
  /** Of one connection to the source. */
  readonly sourceRate: number;
  /** Of one function: Lambda's network. */
  readonly functionRate: number;
  /** Of a PUT into Glance. */
  readonly glanceRate: number;
  /** Seconds from a message to the first byte: what Keystone and Glance take to answer. */
  readonly overheadS: number;
  readonly streamConcurrency: number;
  readonly applyConcurrency: number;
  /** Seconds that a run has; the worker has no limit. */
  readonly runS: number;
  /** Share of runs that die at a random moment. */
  readonly deaths: number;
  readonly segmentSize: number;
  readonly segmentsAtOnce: number;
  /** PROJECT_SHARE_PERCENT; 100: no project has to wait for its turn. */
  readonly sharePercent: number;
}

/** An image that is asked for. */
export interface Arrival {
  readonly atS: number;
  /** Bytes. */
  readonly size: number;
  /** Number of the project that asks. */
  readonly project: number;
  /** How many regions are to have it, all asked at the same moment; 1 when absent. */
  readonly regions?: number;
}
