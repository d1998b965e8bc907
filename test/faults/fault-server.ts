import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bend, Fault } from './faults.ts';

/** Names the fault of a request, and where the request was to go. */
export const faultHeader = 'x-planned-fault';
export const originHeader = 'x-planned-origin';

export interface FaultServer {
  readonly port: number;
  /** @returns what the request must carry in `faultHeader` */
  plan(fault: Fault): string;
  stop(): Promise<void>;
}

const dripMs = 100;
const dripBytes = 64 * 1024;

/** Sends the request on. @returns the true answer, its body whole */
const askOrigin = (
  incoming: IncomingMessage,
  { ranged = true } = {},
): Promise<{ response: IncomingMessage; body: Buffer }> =>
  new Promise((resolve, reject) => {
    const { [faultHeader]: _, [originHeader]: origin = '', range, ...others } = incoming.headers;
    const headers = { ...others, ...(ranged && range !== undefined && { range }) };
    const { hostname, port } = new URL(String(origin));
    const asked = httpRequest(
      { hostname, port, method: incoming.method, path: incoming.url, headers, agent: false },
      async (response) => resolve({ response, body: Buffer.concat(await response.toArray()) }),
    );
    asked.on('error', reject);
    incoming.pipe(asked);
  });

const flipped = (body: Buffer): Buffer => {
  const at = Math.floor(body.length / 2);
  return Buffer.concat([body.subarray(0, at), Buffer.from([(body[at] ?? 0) ^ 0xff]), body.subarray(at + 1)]);
};

/** Bodies of another length than the true one, each with a Content-Length that fits it. */
const bodies: Partial<Record<Bend, (body: Buffer) => Buffer>> = {
  short: (body) => body.subarray(0, Math.floor(body.length / 2)),
  long: (body) => Buffer.concat([body, Buffer.from('more')]),
  'a flipped byte': flipped,
};

const sendSlowly = async (outgoing: ServerResponse, body: Buffer): Promise<void> => {
  for (let at = 0; at < body.length && !outgoing.destroyed; at += dripBytes) {
    outgoing.write(body.subarray(at, at + dripBytes));
    await delay(dripMs);
  }
  outgoing.end();
};

const bend = async (incoming: IncomingMessage, outgoing: ServerResponse, how: Bend): Promise<void> => {
  const { response, body } = await askOrigin(incoming, { ranged: how !== 'range ignored' });
  const sent = bodies[how]?.(body) ?? body;
  const range =
    how === 'wrong range' ? { 'content-range': `bytes 7-${6 + body.length}/${7 + body.length}` } : {};
  const status = how === 'wrong range' ? 206 : response.statusCode;
  const { 'content-length': _, ...headers } = response.headers;
  const length = how === 'no length' ? {} : { 'content-length': sent.length };
  outgoing.writeHead(status ?? 500, { ...headers, ...range, ...length });
  if (how === 'drips') return await sendSlowly(outgoing, sent);
  if (how !== 'stalls' && how !== 'cut in the middle') return void outgoing.end(sent);
  outgoing.write(sent.subarray(0, Math.floor(sent.length / 2)), () => {
    if (how === 'cut in the middle') outgoing.destroy();
  });
};

const perform = async (fault: Fault, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
  if (fault.kind === 'answer') {
    const { status, headers, body = '' } = fault;
    incoming.resume();
    return void outgoing
      .writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
      .end(body);
  }
  if (fault.kind === 'bent') return await bend(incoming, outgoing, fault.how);
  if (fault.kind === 'lost answer') await askOrigin(incoming);
  incoming.socket.resetAndDestroy();
};

/** Stands before the emulated services for the requests that go wrong. */
export const startFaultServer = async (): Promise<FaultServer> => {
  const planned = new Map<string, Fault>();
  const server = createServer((incoming, outgoing) => {
    const fault = planned.get(String(incoming.headers[faultHeader]));
    if (!fault) return void outgoing.writeHead(500).end('no such fault');
    perform(fault, incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let last = 0;
  return {
    port: (server.address() as AddressInfo).port,
    plan: (fault) => {
      last += 1;
      planned.set(`${last}`, fault);
      return `${last}`;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
