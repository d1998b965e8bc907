import type { LookupFunction } from 'node:net';
import type { DirectSocket } from './direct-socket.ts';
import type { ForwardProxy } from './proxy.ts';

/**
 * What sockets of one kind have in common: none serves what would have gone another way. Which certificates are trusted
 * is none of it, that is the whole process's and only grows (trust.ts).
 */
export interface Way {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly proxy: ForwardProxy | undefined;
  /** Who has resolved the name, and refused addresses. */
  readonly lookup: LookupFunction | undefined;
}

interface Idle {
  readonly way: Way;
  readonly socket: DirectSocket;
  /** By the clock: the process may be frozen meanwhile, and its timers with it (Lambda). */
  readonly untilMs: number;
  readonly timer: NodeJS.Timeout;
}

/** As many as a worker's four steps have ranges at once. Each has a buffer of 64 KiB. */
const mostIdle = 16;

/** The process's, the newest last. */
const idle: Idle[] = [];

const isSameProxy = (one: ForwardProxy | undefined, other: ForwardProxy | undefined): boolean =>
  one?.host === other?.host &&
  one?.port === other?.port &&
  one?.isSecure === other?.isSecure &&
  one?.authorization === other?.authorization;

const isSameWay = (one: Way, other: Way): boolean =>
  one.origin === other.origin && one.lookup === other.lookup && isSameProxy(one.proxy, other.proxy);

const remove = (entry: Idle): void => {
  clearTimeout(entry.timer);
  const at = idle.indexOf(entry);
  if (at >= 0) idle.splice(at, 1);
};

const discard = (entry: Idle): void => {
  remove(entry);
  entry.socket.destroy();
};

/** @param forMs how long the socket may be idle; after that, or when a byte comes, it is closed */
export const keepIdle = (way: Way, socket: DirectSocket, forMs: number): void => {
  const entry: Idle = {
    way,
    socket,
    untilMs: Date.now() + forMs,
    timer: setTimeout(() => discard(entry), forMs).unref(),
  };
  idle.push(entry);
  socket.rest({ came: () => discard(entry), closed: () => remove(entry) });
  const [oldest] = idle;
  if (oldest && idle.length > mostIdle) discard(oldest);
};

const findIdle = (way: Way): Idle | undefined => idle.findLast((entry) => isSameWay(entry.way, way));

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/**
 * A socket that went the same way and has nothing left of its last exchange. What the peer has sent unasked until now (an
 * answer to a request that was never sent) is read before, and speaks against it.
 */
export const takeIdle = async (way: Way): Promise<DirectSocket | undefined> => {
  // The first turn may begin behind the poll for what has come, the second one is behind a whole poll.
  if (findIdle(way)) for (let turns = 0; turns < 2; turns += 1) await turn();
  for (let entry = findIdle(way); entry; entry = findIdle(way)) {
    if (entry.untilMs > Date.now() && entry.socket.isClean()) {
      remove(entry);
      return entry.socket;
    }
    discard(entry);
  }
  return undefined;
};
