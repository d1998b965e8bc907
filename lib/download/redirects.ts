import type { MessageHead } from '../http/framing/message-head.ts';

export const mostRedirects = 5;

const redirects = [301, 302, 303, 307, 308];

export const isRedirect = ({ statusCode }: MessageHead): boolean => redirects.includes(statusCode);

/** @param byte a character of latin1, as headers are read */
const percentEncoded = (byte: string): string => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;

/**
 * Where an answer's `location` leads. Bytes beyond ASCII are no part of a URL (RFC 3986), but are sent: a server finds
 * what it meant by the same bytes, whatever they are encoded in.
 * @param from URL of what was asked for, which it may be relative to
 * @returns undefined where it leads nowhere
 */
export const redirectTarget = ({ headers }: MessageHead, from: string): string | undefined => {
  const location = headers['location'] ?? '';
  return location === ''
    ? undefined
    : URL.parse(location.replace(/[\x80-\xff]/g, percentEncoded), from)?.href;
};
