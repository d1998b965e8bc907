import { type ClientName, clients } from './http-clients.ts';

// Reads an image once, by one client, in a process that has done nothing else: CLIENT URL SIZE BUFFER RANGE, in bytes; a
// RANGE of 0 is the whole at once. Prints what it took.

const [name = '', url = '', ...numbers] = process.argv.slice(2);
const [size = 0, bufferSize = 0, rangeSize = 0] = numbers.map(Number);
const client = clients[name as ClientName];
const buffer = Buffer.from(new SharedArrayBuffer(bufferSize));

const readAll = async (): Promise<number> => {
  if (rangeSize === 0) return await client(url, buffer);
  let read = 0;
  for (let from = 0; from < size; from += rangeSize)
    read += await client(url, buffer, { from, to: Math.min(size, from + rangeSize) });
  return read;
};

const [startedMs, before] = [performance.now(), process.cpuUsage()];
const read = await readAll();
const { user, system } = process.cpuUsage(before);
const seconds = (performance.now() - startedMs) / 1000;
if (read !== size) throw new Error(`${name} has read ${read} bytes instead of ${size}`);
const peakMiB = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ seconds, processorS: (user + system) / 1e6, peakMiB }), () =>
  process.exit(0),
);
