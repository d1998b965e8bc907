// `npm run bench [-- NAME…]`: measures, prints tables, and writes them into docs/performance.md.
import { copies } from './copies.ts';
import { digests } from './digests.ts';
import { http } from './http.ts';
import { memory } from './memory.ts';
import { plan } from './plan.ts';
import { post } from './post.ts';
import { regions } from './regions.ts';
import { regionsAtOnce } from './regions-at-once.ts';
import { requests } from './requests.ts';
import { segments } from './segments.ts';
import { start } from './start.ts';
import { throughput } from './throughput.ts';

const benchmarks: Readonly<Record<string, () => Promise<void>>> = {
  throughput,
  digests,
  http,
  memory,
  start,
  post,
  regions,
  'regions-at-once': regionsAtOnce,
  requests,
  segments,
  copies,
  plan,
};

const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(benchmarks);
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0)
  throw new Error(`No benchmark ${unknown.join(', ')}: there are ${Object.keys(benchmarks).join(', ')}`);
for (const name of names) {
  console.log(`\n== ${name}`);
  await benchmarks[name]?.();
}
