import type { MessageHead } from './message-head.ts';

const validators = ['etag', 'last-modified'];

/**
 * Whether two answers about the same URL are of different bytes: nothing of what tells them apart is the same
 * (RFC 9110 8.8). Either may differ between servers that give out the same file; where they have nothing in common
 * nobody can tell.
 */
export const areOfOtherBytes = (one: MessageHead, other: MessageHead): boolean => {
  const common = validators.filter(
    (name) => one.headers[name] !== undefined && other.headers[name] !== undefined,
  );
  return common.length > 0 && common.every((name) => one.headers[name] !== other.headers[name]);
};
