/** What may go wrong with PutEvents, and with what is delivered. */
export type EventsFault =
  /** Answered with this error; nothing is done. */
  | {
      readonly kind: 'error';
      readonly code: 'ThrottlingException' | 'InternalException' | 'AccessDeniedException';
    }
  /** The connection breaks before anything is done. */
  | { readonly kind: 'reset' }
  /** The events are on the bus, and the connection breaks instead of an answer. */
  | { readonly kind: 'lost-answer' }
  /** No answer comes. */
  | { readonly kind: 'silence' }
  /** Answered 200, with this entry failed. */
  | { readonly kind: 'entry-failed'; readonly entry: number; readonly code: string }
  /** Every target gets the events twice. */
  | { readonly kind: 'duplicates' };

/** Faults in the order in which requests meet them. */
export function createEventsFaults() {
  let waiting: { readonly fault: EventsFault; left: number }[] = [];
  return {
    /** Lets the next `times` requests fail; with Infinity the bus is down until `clear`. */
    inject(fault: EventsFault, times = 1): void {
      waiting.push({ fault, left: times });
    },
    take(): EventsFault | undefined {
      const [next] = waiting;
      if (next === undefined) return undefined;
      next.left -= 1;
      if (next.left <= 0) waiting = waiting.slice(1);
      return next.fault;
    },
    clear(): void {
      waiting = [];
    },
  };
}

export type EventsFaults = ReturnType<typeof createEventsFaults>;
