import type { AnswerHead } from './message-head.ts';

/** Node, Apache and uvicorn close after 5 s; undici keeps a connection for 4 s, too. */
const longestIdleMs = 4_000;
/** For what is on its way when the peer's time ends. */
const marginMs = 1_000;

const elements = (list: string | undefined): readonly string[] =>
  (list ?? '').split(',').map((one) => one.trim().toLowerCase());

/** `timeout=5` of `Keep-Alive` (RFC 2068 19.7.1.1), in ms. A peer that tells several means the shortest. */
const toldMs = (keepAlive: string | undefined): number =>
  elements(keepAlive)
    .filter((one) => /^timeout=\d{1,9}$/.test(one))
    .reduce(
      (least, one) => Math.min(least, Number(one.slice('timeout='.length)) * 1000),
      Number.POSITIVE_INFINITY,
    );

/**
 * How long a connection may wait for another exchange after this answer, ms (RFC 9112 9.3).
 * @returns 0 where the peer closes it, or nobody can be sure that it does not
 */
export const idleMsAfter = ({ version, headers }: AnswerHead): number => {
  if (version !== '1.1' || elements(headers['connection']).includes('close')) return 0;
  return Math.max(0, Math.min(longestIdleMs, toldMs(headers['keep-alive']) - marginMs));
};
