import { fileURLToPath } from 'node:url';
import { proxiesOf } from '../../../lib/http/connections/proxy.ts';
import { get } from '../../../lib/http/exchange.ts';
import { trustAlso } from '../../../lib/http/trust.ts';

// Reads a URL and ends, if nothing keeps it alive, and says how many seconds that took (idle-sockets.test.ts).

trustAlso(fileURLToPath(new URL('fixtures/certificate.pem', import.meta.url)));
const connections = { stallMs: 5000, proxyFor: proxiesOf(process.env) };
const { signal } = new AbortController();
const { body } = await get({ url: process.argv[2] ?? '', headers: {}, connections, signal });
console.log(await body.text());
const readMs = performance.now();
process.once('exit', () => console.log(Math.floor((performance.now() - readMs) / 1000)));
