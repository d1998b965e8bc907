import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Bundle, bundle } from './bundles.ts';
import { buildCommand, type CommandSize, commandGoalMs, helpMs, processMs } from './command-start.ts';
import { deployedRuntime } from './measured-function.ts';
import { startReport } from './report.ts';
import { alternate, median } from './rounds.ts';

// Size of each function's bundle, and how long a fresh process takes to import it: the part of a cold start that is ours.

const run = promisify(execFile);
const rounds = 10;
const names = [
  'import-image',
  'list-tasks',
  'cancel-import',
  'discovery',
  'stream-image',
  'apply-metadata',
  'fail-import',
] as const;
const http: readonly string[] = ['import-image', 'list-tasks', 'cancel-import', 'discovery'];
const goalMs = (name: string): number => (http.includes(name) ? 130 : 200);

/** Settings with which every function starts. Nothing is called: a function only reads them. */
const env = {
  PATH: process.env['PATH'],
  ...deployedRuntime,
  NODE_OPTIONS: `--enable-source-maps ${deployedRuntime.NODE_OPTIONS}`,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  OS_AUTH_URL: 'http://127.0.0.1:1/v3',
  OS_REGION_NAME: 'REGION2',
  IMPORTS_TABLE: 'imports',
  RELAY_BUCKET: 'relay',
  STREAM_IMAGE_QUEUE_URL: 'http://127.0.0.1:1/stream-image',
  APPLY_METADATA_QUEUE_URL: 'http://127.0.0.1:1/apply-metadata',
  FAIL_IMPORT_QUEUE_URL: 'http://127.0.0.1:1/fail-import',
  TOKEN_SEALING_SECRET: 'a secret of at least thirty-two characters',
};

const importMs = async (file: string): Promise<number> => {
  const entry = join(import.meta.dirname, 'import-time-process.ts');
  return Number((await run(process.execPath, [entry, file], { env })).stdout);
};

const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;

const row = ({ name, size, zippedSize }: Bundle, times: readonly number[]): readonly string[] => {
  const ms = median(times);
  const goal = goalMs(name);
  const verdict = ms <= goal ? 'met' : '**not met**';
  return [name, kib(size), kib(zippedSize), `**${ms.toFixed(0)} ms**`, `≤ ${goal} ms: ${verdict}`];
};

const inMs = (times: readonly number[]): string => `**${median(times).toFixed(0)} ms**`;

const commandRow = ({ size, zippedSize }: CommandSize, times: readonly number[]): readonly string[] => {
  const verdict = median(times) <= commandGoalMs ? 'met' : '**not met**';
  const goal = `≤ ${commandGoalMs} ms: ${verdict}`;
  return ['`glance-ferry --help`', kib(size), kib(zippedSize), inMs(times), goal];
};

export const start = async (): Promise<void> => {
  const report = startReport();
  const { bundles, remove } = await bundle(names);
  try {
    const contenders = bundles.map(({ name, file }) => [name, () => importMs(file)] as const);
    const times = await alternate(Object.fromEntries(contenders), rounds);
    const command = await buildCommand();
    const starts = await alternate({ help: helpMs, node: processMs }, rounds);
    report({
      name: 'start',
      tables: [
        {
          head: ['bundle', 'size', 'gzipped', 'import', 'goal'],
          rows: bundles.map((one) => row(one, times[one.name] ?? [])),
        },
        {
          head: ['command', 'size of all its files', 'gzipped', 'whole process', 'goal'],
          rows: [commandRow(command, starts.help), ['`node -e 0`', '', '', inMs(starts.node), '']],
        },
      ],
      notes: [
        `esbuild with the options of serverless.yml; \`import()\` of the bundle with all settings and \`--enable-source-maps\`, as deployed. Median of ${rounds} fresh processes. Node's own start is not in it.`,
      ],
    });
  } finally {
    await remove();
  }
};
