import net, { type LookupFunction } from 'node:net';
import tls from 'node:tls';
import { createReceiver } from './receiver.ts';
import { addressMs } from './tunnel.ts';

/** Where a socket goes, and how. */
export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** A way to it that is there already, through a proxy: TLS begins on it. */
  readonly tunnel?: net.Socket | undefined;
  /** Resolves the host's name. */
  readonly lookup?: LookupFunction | undefined;
  /** Longest wait for TCP, and for TLS where it is wanted, ms. */
  readonly connectMs: number;
}

/** Who has a socket at the moment. */
export interface Holder {
  /** Bytes have come. */
  came(): void;
  /** It is closed. */
  closed(): void;
}

/**
 * A socket that is read into the reader's own buffers: the kernel writes into them, nothing is copied between. It serves
 * one exchange after the other (connection.ts), and rests in between (idle-sockets.ts).
 */
export interface DirectSocket {
  /**
   * Reads until at least so many bytes have come.
   * @returns how many; fewer than `least` where the connection ends or breaks: the next call returns 0 or throws
   */
  read(target: Buffer, least: number): Promise<number>;
  /** Resolves when the bytes have left: their buffer may be used again. */
  write(bytes: Uint8Array): Promise<void>;
  /** Bytes that have come since it was opened. */
  received(): number;
  hasEnded(): boolean;
  /** Whether another exchange may have it: it is open, and nothing has come that nobody has read. */
  isClean(): boolean;
  /** Who holds it from now on hears of it, and nobody else. */
  give(holder: Holder): void;
  /** Nobody waits for it: it keeps no process alive, and what comes unasked is noticed. */
  rest(holder: Holder): void;
  destroy(error?: Error): void;
}

/** A peer that vanishes without a word is noticed, also while nothing is sent and nobody reads. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 60_000 }; // ms

const openSocket = (options: SocketOptions, onread: net.OnReadOpts): net.Socket => {
  const { host, port, isSecure, tunnel, lookup } = options;
  const dialing = { autoSelectFamilyAttemptTimeout: addressMs, ...keepAlive, ...(lookup && { lookup }) };
  const common = { host, port, onread, ...dialing, ...(tunnel && { socket: tunnel }) };
  if (!isSecure) return net.connect(common);
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  return tls.connect({ ...common, ...servername });
};

/** TCP, and TLS where it is wanted, must be there in time. @returns what ends the wait */
const limitConnecting = (socket: net.Socket, { isSecure, connectMs }: SocketOptions): (() => void) => {
  const late = (): void => void socket.destroy(new Error(`no connection in ${connectMs / 1000} s`));
  const timer = setTimeout(late, connectMs);
  const stop = (): void => clearTimeout(timer);
  socket.once(isSecure ? 'secureConnect' : 'connect', stop);
  return stop;
};

/** @throws Error by read and write when the connection cannot be made, or breaks */
export const openDirectSocket = (options: SocketOptions): DirectSocket => {
  const receiver = createReceiver();
  let holder: Holder | undefined;
  let failure: Error | undefined;
  let isEnded = false;
  let received = 0;

  const came = (length: number): void => {
    received += length;
    holder?.came();
  };
  const socket = openSocket(options, {
    buffer: receiver.buffer,
    callback: (length, buffer) => {
      came(length);
      receiver.received(length, buffer);
      return receiver.isReading();
    },
  });

  // Node fills no buffers of ours over a socket that was there before (`onread` of tls.connect).
  if (options.tunnel)
    socket
      .on('data', (bytes) => {
        came(bytes.length);
        receiver.copy(bytes);
        if (!receiver.isReading()) socket.pause();
      })
      .pause();

  const finish = (error?: Error): void => {
    failure ??= error;
    isEnded = true;
    receiver.end(failure);
  };
  const stopConnecting = limitConnecting(socket, options);
  socket
    .on('end', () => finish())
    .on('error', finish)
    .on('close', () => {
      stopConnecting();
      finish();
      holder?.closed();
    });
  const hasEnded = (): boolean => isEnded || socket.destroyed || socket.errored !== null;

  return {
    read: (target, least) =>
      new Promise<number>((resolve, reject) => {
        if (failure) return reject(failure);
        receiver.begin({ target, least, filled: 0, resolve, reject });
        if (!receiver.isReading()) return;
        if (isEnded) receiver.end(undefined);
        else socket.resume();
      }),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(failure ?? error) : resolve()));
      }),
    received: () => received,
    hasEnded,
    isClean: () => !hasEnded() && receiver.isEmpty(),
    give: (next) => {
      holder = next;
      socket.ref();
    },
    rest: (next) => {
      holder = next;
      socket.unref().resume();
    },
    destroy: (error) => {
      failure ??= error;
      socket.destroy(error);
    },
  };
};
