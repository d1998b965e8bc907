export type FaultyOperation = 'get-file' | 'get-image' | 'put-file' | 'patch' | 'delete-image' | 'delete-tag';

/** What goes wrong. `bytes` and `at` count within the body, for a ranged download within the whole image. */
export type FaultKind =
  /** The connection is reset after this many bytes of body. */
  | { readonly kind: 'drop-after'; readonly bytes: number }
  /** The connection is closed cleanly after this many bytes, short of the Content-Length: a store that failed. */
  | { readonly kind: 'close-after'; readonly bytes: number }
  /** The store's file ends at this byte of the image, wherever a range begins: the connection is closed cleanly there. */
  | { readonly kind: 'truncated'; readonly bytes: number }
  /** Nothing more comes (or is read) after this many bytes; the connection stays open. */
  | { readonly kind: 'stall-after'; readonly bytes: number }
  /** The byte at this offset is another one. */
  | { readonly kind: 'corrupt-byte'; readonly at: number }
  /** A well-formed answer (or a stored image) with only this many bytes. */
  | { readonly kind: 'short-body'; readonly bytes: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /**
   * The image's bytes from this one on come (or are read) when the test says so, wherever a range begins. The connection is
   * reset where the promise is rejected.
   */
  | { readonly kind: 'hold'; readonly from: number; readonly until: Promise<unknown> }
  /** This answer instead of the real one, before anything happens. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The request is carried out, its answer never arrives. */
  | { readonly kind: 'lose-answer' }
  /** The answer has these attributes instead of the image's own: of a database replica that is behind. */
  | { readonly kind: 'stale'; readonly record: Readonly<Record<string, unknown>> };

export type Fault = FaultKind & {
  readonly on: FaultyOperation;
  /** How many requests it hits; 1 when absent. */
  readonly times?: number;
};

export interface Faults {
  add(imageId: string, fault: Fault): void;
  /** The oldest fault still due for this request; counts it. */
  take(imageId: string, on: FaultyOperation): Fault | undefined;
  clear(): void;
}

export function faultRegistry(): Faults {
  let due: { imageId: string; fault: Fault; left: number }[] = [];
  return {
    add: (imageId, fault) => void due.push({ imageId, fault, left: fault.times ?? 1 }),
    take(imageId, on) {
      const found = due.find((one) => one.imageId === imageId && one.fault.on === on);
      if (!found) return undefined;
      found.left -= 1;
      due = due.filter((one) => one.left > 0);
      return found.fault;
    },
    clear: () => {
      due = [];
    },
  };
}
