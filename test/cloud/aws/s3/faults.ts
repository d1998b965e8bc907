import type { S3ErrorCode } from './errors.ts';
import type { S3Operation } from './operations.ts';

/** What may go wrong with a request. */
export type S3Fault =
  /** Answered with this error; nothing is done. */
  | { readonly kind: 'error'; readonly code: S3ErrorCode }
  /** The connection breaks before anything is done. */
  | { readonly kind: 'reset' }
  /** The work is done, and the connection breaks instead of an answer. */
  | { readonly kind: 'lost-answer' }
  /** The answer's body breaks off after this many bytes. */
  | { readonly kind: 'cut-body'; readonly afterBytes: number }
  /** The answer comes this much later. */
  | { readonly kind: 'delay'; readonly ms: number };

/** A queue of faults per operation: each request takes the next one. */
export function createFaults() {
  const waiting = new Map<S3Operation, S3Fault[]>();
  let clockOffsetMs = 0;
  return {
    /** Sets the store's clock before or after everybody else's. */
    setClock: (offsetMs: number): void => {
      clockOffsetMs = offsetMs;
    },
    /** The store's own time. */
    now: (): Date => new Date(Date.now() + clockOffsetMs),
    /** Lets the next `times` requests of an operation fail. */
    inject(operation: S3Operation, fault: S3Fault, times = 1): void {
      const faults = waiting.get(operation) ?? [];
      waiting.set(operation, [...faults, ...Array.from({ length: times }, () => fault)]);
    },
    take: (operation: S3Operation): S3Fault | undefined => waiting.get(operation)?.shift(),
    /** How many faults of an operation have not been met yet. */
    left: (operation: S3Operation): number => waiting.get(operation)?.length ?? 0,
    clear: (): void => {
      waiting.clear();
      clockOffsetMs = 0;
    },
  };
}

export type S3Faults = ReturnType<typeof createFaults>;
