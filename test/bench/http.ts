import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GiB, MiB } from '../../lib/transfer/part-plan.ts';
import { type ClientName, clients } from './http-clients.ts';
import { startNginx } from './nginx.ts';
import { startReport } from './report.ts';
import { alternate, median, medianRatio } from './rounds.ts';
import { startServerProcess } from './server-process.ts';
import { pseudoRandomImage } from './source-image.ts';

// Image data over HTTP, each client alone: nothing is hashed or sent.

const run = promisify(execFile);
const size = Number(process.env['BENCH_MIB'] ?? 2048) * MiB;
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);
const bufferSize = 16 * MiB;

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../unit/http/fixtures/${name}.pem`, import.meta.url));
const secure = { certificate: fixture('certificate'), key: fixture('key') };

/** Where an image is, and how it is read. */
interface Scene {
  readonly name: string;
  readonly url: string;
  /** Bytes; 0 for the whole at once. */
  readonly rangeSize: number;
}

/** What a client took. */
interface Used {
  readonly seconds: number;
  readonly processorS: number;
  readonly peakMiB: number;
}

type Measured = Readonly<Record<ClientName, readonly Used[]>>;

const names = Object.keys(clients) as readonly ClientName[];

/** In a fresh process, with Node's own options: smaller ones (serverless.yml) would cost the others more. */
const readOnce = async (client: ClientName, { url, rangeSize }: Scene): Promise<Used> => {
  const entry = fileURLToPath(new URL('http-client-process.ts', import.meta.url));
  const args = [entry, client, url, `${size}`, `${bufferSize}`, `${rangeSize}`];
  const env = { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: secure.certificate };
  return JSON.parse((await run(process.execPath, args, { env })).stdout);
};

const measure = async (scene: Scene): Promise<Measured> => {
  console.log(scene.name);
  const used: Record<ClientName, Used[]> = {
    'lib/http': [],
    'node:http(s)': [],
    'undici.dispatch': [],
    'lib/http, a connection for each': [],
  };
  const contender = (name: ClientName) => async (): Promise<number> => {
    const one = await readOnce(name, scene);
    used[name].push(one);
    return one.processorS;
  };
  // A whole is one exchange.
  const all = names.filter((name) => scene.rangeSize > 0 || name !== 'lib/http, a connection for each');
  await alternate(Object.fromEntries(all.map((name) => [name, contender(name)])), rounds);
  return used;
};

const cell = (used: readonly Used[]): string => {
  if (used.length === 0) return '–';
  const of = (pick: (one: Used) => number): number => median(used.map(pick));
  const perGiB = of(({ processorS }) => processorS) / (size / GiB);
  const [seconds, peak] = [of((one) => one.seconds), of(({ peakMiB }) => peakMiB)];
  return `**${perGiB.toFixed(2)}** CPU s/GiB, ${peak.toFixed(0)} MiB, ${seconds.toFixed(1)} s`;
};

const rowOf = (name: string, measured: Measured): readonly string[] => {
  const processor = (client: ClientName) => measured[client].map(({ processorS }) => processorS);
  const ratios = (['node:http(s)', 'undici.dispatch'] as const).map((client) =>
    medianRatio(processor(client), processor('lib/http')).toFixed(1),
  );
  return [name, ...names.map((client) => cell(measured[client])), `${ratios.join(' ×, ')} ×`];
};

export const http = async (): Promise<void> => {
  const report = startReport();
  const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-http-'));
  const nginx = await startNginx(dir, secure);
  const [far, farSecure] = await Promise.all(
    [nginx.url, nginx.secureUrl].map((url) => startServerProcess('distance-process.ts', [new URL(url).port])),
  );
  try {
    const image = await pseudoRandomImage(size);
    await nginx.add(image);
    const path = `/v2/images/${image.record.id}/file`;
    const whole = (name: string, url: string): Scene => ({ name, url: `${url}${path}`, rangeSize: 0 });
    const ranges = (name: string, url: string): Scene => ({ ...whole(name, url), rangeSize: bufferSize });
    const scenes = [
      whole('http, whole', nginx.url),
      whole('TLS, whole', nginx.secureUrl),
      ranges('http, in ranges of 16 MiB', nginx.url),
      ranges('TLS, in ranges of 16 MiB', nginx.secureUrl),
      ranges('http, in ranges, 20 ms away', `http://127.0.0.1:${far?.url}`),
      ranges('TLS, in ranges, 20 ms away', `https://127.0.0.1:${farSecure?.url}`),
    ];
    const rows = [];
    for (const scene of scenes) rows.push(rowOf(scene.name, await measure(scene)));
    report({
      name: 'http',
      tables: [{ head: [`${size / MiB} MiB`, ...names, 'CPU of theirs to ours'], rows }],
      notes: [
        `From nginx (Debian’s, pseudo-random bytes in the page cache) into one buffer of 16 MiB that is filled again and again; each client in a fresh process, nothing else in it, with Node’s own options (the functions’ smaller ones cost the other clients more). CPU of the process, its peak memory (RSS) with Node itself, and the time. Medians of ${rounds} rounds, clients in turn; ratios are medians of the rounds’ ratios.`,
        'node:http(s) with a keep-alive agent and `data` events, undici with its Agent: their pieces are copied into the buffer, as a part’s must be.',
        '20 ms away: a proxy that delays bytes by 10 ms either way, and a new connection’s first ones by 20 ms more (`test/bench/distance-process.ts`: a model, without the TCP windows of a real distance). Ranges one after the other, 64 a GiB.',
      ],
      tools: [['bash', '-c', 'nginx -v 2>&1']],
    });
  } finally {
    await Promise.all([nginx.stop(), far?.stop(), farSecure?.stop()]);
    await rm(dir, { recursive: true, force: true });
  }
};
