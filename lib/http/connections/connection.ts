import type { DirectSocket } from './direct-socket.ts';

/** What an exchange expects of its connection. */
export interface ExchangeLimits {
  /** Longest wait for a byte that was asked for, ms; 0 for no limit. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

/** A socket for the time of one exchange. After `leave` it does nothing any more: another exchange may have the socket. */
export interface Connection extends Pick<DirectSocket, 'read' | 'write'> {
  /** Bytes that have come for this exchange so far. */
  received(): number;
  /** Ends it; who reads gets this error. */
  fail(error: Error): void;
  close(): void;
  /** Whether the peer has ended it before a byte of an answer came. */
  isDeserted(): boolean;
  /** Ends the exchange alone. @returns its socket; undefined, and closes it, where it is of no use to another exchange */
  leave(): DirectSocket | undefined;
}

/** @throws Error by read and write when the connection cannot be made, breaks, or stalls; the signal's reason */
export const connectionOver = (socket: DirectSocket, { stallMs, signal }: ExchangeLimits): Connection => {
  const before = socket.received();
  let timer: NodeJS.Timeout | undefined;
  let hasLeft = false;
  let isEndedHere = false;

  const end = (error?: Error): void => {
    if (hasLeft) return;
    isEndedHere ||= !socket.hasEnded();
    socket.destroy(error);
  };
  const abort = (): void => end(signal.reason);
  const stalled = (): void => end(new Error(`no byte came in ${stallMs / 1000} s`));
  const stopWaiting = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const finish = (): void => {
    stopWaiting();
    signal.removeEventListener('abort', abort);
  };

  socket.give({ came: () => void timer?.refresh(), closed: finish });
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();

  return {
    read: async (target, least) => {
      if (hasLeft) return 0;
      if (stallMs > 0) timer = timer?.refresh() ?? setTimeout(stalled, stallMs);
      return await socket.read(target, least).finally(stopWaiting);
    },
    write: async (bytes) => {
      if (hasLeft) throw new Error('the exchange is over');
      await socket.write(bytes);
    },
    received: () => socket.received() - before,
    fail: end,
    close: () => end(),
    isDeserted: () => socket.hasEnded() && !isEndedHere && socket.received() === before,
    leave: () => {
      if (!socket.isClean()) end();
      if (hasLeft || socket.hasEnded()) return undefined;
      hasLeft = true;
      finish();
      return socket;
    },
  };
};
