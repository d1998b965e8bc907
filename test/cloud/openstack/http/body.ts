import type { IncomingMessage, ServerResponse } from 'node:http';

const maxTextBytes = 32 * 1024 * 1024;

/** Says "100 Continue" where the client waits for it. A request that is refused never gets it, as in Glance. */
export function inviteBody(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (incoming.headers.expect?.toLowerCase() === '100-continue') outgoing.writeContinue();
}

/** The whole request body as text. Throws when the client goes away or sends more than 32 MiB. */
export async function readText(incoming: IncomingMessage, outgoing: ServerResponse): Promise<string> {
  inviteBody(incoming, outgoing);
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of incoming) {
    const buffer = Buffer.from(piece);
    bytes += buffer.length;
    if (bytes > maxTextBytes) throw new Error(`request body is over ${maxTextBytes} bytes`);
    pieces.push(buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}
