import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../cloud/aws/listen.ts';
import { requestedRange } from '../cloud/openstack/glance/range.ts';
import { activeRecord, sizeOfMadeUp } from './source-image.ts';

// A source's Glance that is far away: each answer begins 20 ms later, each connection gets 40 MB a second, evenly. A model
// of distance: the TCP window of a real one is not in it. Its bytes are of no interest, and all the same.

const latencyMs = 20;
const bytesPerSecond = 40e6;
const tickMs = 10;
const piece = Buffer.alloc(1024 * 1024, 'glance-ferry');

const sendRecord = (response: ServerResponse, id: string): void => {
  const body = JSON.stringify(activeRecord(id, sizeOfMadeUp(id)));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
};

/** As much as is due by the clock, so that a late tick is made up for. */
const sendEvenly = async (response: ServerResponse, length: number): Promise<void> => {
  const startedMs = performance.now();
  for (let sent = 0; sent < length && !response.destroyed; await delay(tickMs)) {
    const due = Math.min(length, Math.floor(((performance.now() - startedMs) / 1000) * bytesPerSecond));
    for (; sent < due; sent += Math.min(piece.length, due - sent))
      response.write(piece.subarray(0, Math.min(piece.length, due - sent)));
  }
  response.end();
};

const server = createServer(async (request, response) => {
  const [, , , id = '', file] = (request.url ?? '').split('/');
  const size = sizeOfMadeUp(id);
  await delay(latencyMs);
  if (file !== 'file') return sendRecord(response, id);
  const { start = 0, end = size } = requestedRange(request.headers.range, undefined, size) ?? {};
  const range = { 'content-range': `bytes ${start}-${end - 1}/${size}` };
  const headers = { 'content-length': end - start, ...(request.headers.range && range) };
  response.writeHead(request.headers.range ? 206 : 200, headers);
  await sendEvenly(response, end - start);
});
process.send?.(await listen(server, 0, 'the distant source'));
process.on('disconnect', () => process.exit(0));
