import type { Context } from 'aws-lambda';
import { FerryError, hasCode } from '../errors.ts';

/** A context that may tell its function to stop before its time: the worker's, see worker/. */
export interface StoppableContext extends Context {
  readonly stopping?: AbortSignal;
}

/** The end of a run's time. */
export interface Deadline {
  /** Aborts a reserve before the function ends, with `out-of-time` as its reason; and when its worker is told to stop. */
  readonly signal: AbortSignal;
  /**
   * Whether the worker was told to stop: a run that ends for it is no fault, and no lack of time. A stop whose reason is
   * `out-of-time` is the end of the time, known in another way.
   */
  isStopping(): boolean;
  /** No timer is left. */
  close(): void;
}

/** @param reserveS seconds before the function's end */
export const createDeadline = (context: StoppableContext, reserveS: number): Deadline => {
  const controller = new AbortController();
  const outOfTime = () => controller.abort(new FerryError('out-of-time', "The function's time ended"));
  const leftMs = context.getRemainingTimeInMillis() - reserveS * 1000;
  const timer = setTimeout(outOfTime, Math.max(0, leftMs));
  const { stopping } = context;
  return {
    signal: stopping ? AbortSignal.any([controller.signal, stopping]) : controller.signal,
    isStopping: () => stopping?.aborted === true && !hasCode(stopping.reason, 'out-of-time'),
    close: () => clearTimeout(timer),
  };
};
