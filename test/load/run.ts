// `npm run test:load [-- --short] [CASE…]`: many imports through the local cloud. Ends with 0 only if every import has ended
// well, its target has its source's hash, nothing is left, one project does not hold up another, and nothing grows.
// Without --short it takes half an hour or more, and writes what it has found into docs/reliability.md.
import { parseArgs } from 'node:util';
import { commit, machine } from '../bench/machine.ts';
import { markdown, writeBetween } from '../bench/report.ts';
import { type Found, importAtOnce } from './at-once.ts';
import { type LoadCloud, startLoadCloud } from './cloud.ts';
import { floodBesideOne } from './flood.ts';
import { soak } from './soak.ts';

const docs = new URL('../../docs/', import.meta.url);

interface Case {
  readonly head: readonly string[];
  /** What the reader must know to judge the numbers. */
  readonly note: string;
  whole(cloud: LoadCloud): Promise<Found>;
  short(cloud: LoadCloud): Promise<Found>;
}

const small = [0.01, 0.1, 1, 6];
const crowds =
  (count: number, large: number, mebibytes: number) =>
  async (cloud: LoadCloud): Promise<Found> => {
    const found = [
      await importAtOnce(cloud, { count, sizes: small, patienceS: 900 }),
      await importAtOnce(cloud, { count, sizes: small, isShared: true, patienceS: 900 }),
      await importAtOnce(cloud, { count: large, sizes: [mebibytes], patienceS: 2400 }),
    ];
    return { rows: found.flatMap(({ rows }) => rows), faults: found.flatMap(({ faults }) => faults) };
  };

const cases: Readonly<Record<string, Case>> = {
  'at-once': {
    head: [
      '',
      'succeeded',
      'POSTs answered in',
      'POST to end: median',
      'slowest',
      'all together',
      'peak memory, MiB',
    ],
    note: 'All requests at the same moment; the functions as deployed by default (10 copies, 5 ways into Glance at a time), bundled, each invocation in a process of its own. The emulated cloud does its work on the same cores.',
    whole: crowds(200, 32, 256),
    short: crowds(40, 4, 64),
  },
  flood: {
    head: ["another project's single import", 'begins after: median', 'slowest', 'the flood has ended after'],
    note: 'Every import of the flood copies for two seconds. Begins: from its POST until a function works on it. Shares: `PROJECT_SHARE_PERCENT`, [architecture.md](architecture.md#decisions).',
    whole: (cloud) => floodBesideOne(cloud, { count: 150, singles: 5 }),
    short: (cloud) => floodBesideOne(cloud, { count: 24, singles: 2 }),
  },
  soak: {
    head: ['', 'second quarter: median', 'last quarter: median', 'flat: at most more', ''],
    note: "A worker with all queues' functions, four messages at a time, and one process of import-image, with the functions' own Node options. Images of 60 KiB to 24 MiB, in one stream and in segments; one in 13 has a hash that its bytes do not have, so its import is undone.",
    whole: (cloud) =>
      soak(cloud, {
        minutes: 20,
        users: 4,
        sampleS: 5,
        judgesGrowth: true,
        chart: new URL('load-soak.svg', docs),
      }),
    short: (cloud) => soak(cloud, { minutes: 0.25, users: 4, sampleS: 1, judgesGrowth: false }),
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(cases, name));
if (unknown.length > 0)
  throw new Error(`No case ${unknown.join(', ')}: there are ${Object.keys(cases).join(', ')}`);
const names = positionals.length > 0 ? positionals : Object.keys(cases);

const page = new URL('reliability.md', docs);
const where = `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, ${machine()}`;
const cloud = await startLoadCloud();
let faults = 0;
for (const name of names) {
  const { head, note, whole, short } = cases[name] as Case;
  const startedMs = Date.now();
  const found = await (values.short ? short : whole)(cloud);
  const table = { head, rows: found.rows };
  console.log(`\n${name}: ${((Date.now() - startedMs) / 1000).toFixed(0)} s\n${markdown(table)}`);
  for (const fault of found.faults) console.error(`${name}: ${fault}`);
  faults += found.faults.length;
  if (!values.short && found.faults.length === 0)
    writeBetween(page, `load-${name}`, [table, note, `${where}. \`npm run test:load -- ${name}\``]);
}
await cloud.stop();
console.log(faults === 0 ? '\nall imports ended well, and nothing is left' : `\n${faults} faults`);
process.exit(faults === 0 ? 0 : 1);
