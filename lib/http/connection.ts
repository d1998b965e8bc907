import net, { type LookupFunction } from 'node:net';
import tls from 'node:tls';
import { addressMs } from './tunnel.ts';

/** Where a connection goes, and how. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** A way to it that is there already, through a proxy: TLS begins on it. */
  readonly tunnel?: net.Socket | undefined;
  /** Resolves the host's name. */
  readonly lookup?: LookupFunction | undefined;
  /** Longest wait for a byte that was asked for, ms; 0 for no limit. */
  readonly stallMs: number;
  /** Not aborted yet. */
  readonly signal: AbortSignal;
}

/** A connection that is read into the reader's own buffers: the kernel writes into them, nothing is copied between. */
export interface Connection {
  /**
   * Reads until at least so many bytes have come.
   * @returns how many; fewer than `least` where the connection ends or breaks: the next call returns 0 or throws
   */
  read(target: Buffer, least: number): Promise<number>;
  /** Resolves when the bytes have left: their buffer may be used again. */
  write(bytes: Uint8Array): Promise<void>;
  /** Bytes that have come so far. */
  received(): number;
  /** Ends it; who reads gets this error. */
  fail(error: Error): void;
  close(): void;
}

interface Reading {
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
const createReceiver = () => {
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

/** Where there is no limit on the wait for bytes there is one on the wait for a connection. */
const longestConnectMs = 60_000;
/** A peer that vanishes without a word is noticed, also while nothing is sent and nobody reads. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 60_000 }; // ms

const openSocket = (options: ConnectionOptions, onread: net.OnReadOpts): net.Socket => {
  const { host, port, isSecure, tunnel, lookup } = options;
  const dialing = { autoSelectFamilyAttemptTimeout: addressMs, ...keepAlive, ...(lookup && { lookup }) };
  const common = { host, port, onread, ...dialing, ...(tunnel && { socket: tunnel }) };
  if (!isSecure) return net.connect(common);
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  return tls.connect({ ...common, ...servername });
};

/** TCP, and TLS where it is wanted, must be there in time. @returns what ends the wait */
const limitConnecting = (socket: net.Socket, { isSecure, stallMs }: ConnectionOptions): (() => void) => {
  const ms = stallMs || longestConnectMs;
  const late = (): void => void socket.destroy(new Error(`no connection in ${ms / 1000} s`));
  const timer = setTimeout(late, ms);
  const stop = (): void => clearTimeout(timer);
  socket.once(isSecure ? 'secureConnect' : 'connect', stop);
  return stop;
};

/** @throws Error by read and write when the connection cannot be made, breaks, or stalls; the signal's reason */
export const connect = (options: ConnectionOptions): Connection => {
  const { stallMs, signal } = options;
  const receiver = createReceiver();
  let failure: Error | undefined;
  let isEnded = false;
  let received = 0;
  let timer: NodeJS.Timeout | undefined;

  const socket = openSocket(options, {
    buffer: receiver.buffer,
    callback: (length, buffer) => {
      received += length;
      timer?.refresh();
      receiver.received(length, buffer);
      return receiver.isReading();
    },
  });

  // Node fills no buffers of ours over a socket that was there before (`onread` of tls.connect).
  if (options.tunnel)
    socket
      .on('data', (bytes) => {
        received += bytes.length;
        timer?.refresh();
        receiver.copy(bytes);
        if (!receiver.isReading()) socket.pause();
      })
      .pause();

  const finish = (error?: Error): void => {
    failure ??= error;
    isEnded = true;
    receiver.end(failure);
  };
  const abort = (): void => void socket.destroy(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const stopConnecting = limitConnecting(socket, options);
  socket.on('end', () => finish()).on('error', finish);
  socket.on('close', () => {
    stopConnecting();
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    finish();
  });

  const stalled = (): void => void socket.destroy(new Error(`no byte came in ${stallMs / 1000} s`));
  const read: Connection['read'] = (target, least) =>
    new Promise<number>((resolve, reject) => {
      if (failure) return reject(failure);
      if (stallMs > 0) timer = timer?.refresh() ?? setTimeout(stalled, stallMs);
      receiver.begin({ target, least, filled: 0, resolve, reject });
      if (!receiver.isReading()) return;
      if (isEnded) receiver.end(undefined);
      else socket.resume();
    }).finally(() => {
      clearTimeout(timer);
      timer = undefined;
    });

  return {
    read,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(failure ?? error) : resolve()));
      }),
    received: () => received,
    fail: (error) => void socket.destroy(error),
    close: () => void socket.destroy(),
  };
};
