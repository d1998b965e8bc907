/** A wait for bytes. */
export interface Reading {
  readonly target: Buffer;
  readonly least: number;
  filled: number;
  resolve(length: number): void;
  reject(error: Error): void;
}

const spareSize = 64 * 1024; // bytes

/**
 * What comes is put into the target of the reading that waits for it. Between two readings the socket is paused, but
 * TLS still delivers what it has decrypted (and the first bytes after a pause go where the socket was told before): a
 * spare buffer takes them.
 */
export const createReceiver = () => {
  const spare = Buffer.allocUnsafeSlow(spareSize);
  let early: Buffer = Buffer.alloc(0);
  let reading: Reading | undefined;

  const take = (bytes: Buffer): void => {
    const taken = reading ? bytes.copy(reading.target, reading.filled) : 0;
    if (reading) reading.filled += taken;
    // A copy: the spare buffer is used again.
    if (taken < bytes.length) early = Buffer.concat([early, bytes.subarray(taken)]);
  };

  const finishIfEnough = (): void => {
    if (!reading || reading.filled < reading.least) return;
    const { resolve, filled } = reading;
    reading = undefined;
    resolve(filled);
  };

  return {
    isReading: (): boolean => reading !== undefined,
    /** Whether nothing has come that nobody has read. */
    isEmpty: (): boolean => early.length === 0,
    /** Where the socket writes next. */
    buffer: (): Buffer => (reading ? reading.target.subarray(reading.filled) : spare),
    received: (length: number, buffer: Uint8Array): void => {
      if (buffer.buffer === spare.buffer) take(spare.subarray(0, length));
      else if (reading) reading.filled += length;
      finishIfEnough();
    },
    /** Bytes that came in a buffer of their own. */
    copy: (bytes: Buffer): void => {
      take(bytes);
      finishIfEnough();
    },
    begin: (next: Reading): void => {
      reading = next;
      const bytes = early;
      early = Buffer.alloc(0);
      take(bytes);
      finishIfEnough();
    },
    /** Nothing more will come. */
    end: (error: Error | undefined): void => {
      const last = reading;
      reading = undefined;
      if (error && last?.filled === 0) last.reject(error);
      else last?.resolve(last.filled);
    },
  };
};
