import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Figure, figuresIn } from './figures.ts';
import { commit, machine } from './machine.ts';
import { markdown } from './report.ts';
import { median, medianRatio } from './rounds.ts';

// `npm run bench:commits -- COMMIT NAME…`: a benchmark of an older commit and of this one in turn, so that a machine whose
// speed drifts is the same for both. BENCH_MIB, BENCH_GIB and BENCH_ROUNDS shorten each run; COMMITS_ROUNDS (3) are the turns.

const here = join(import.meta.dirname, '../..');
const rounds = Number(process.env['COMMITS_ROUNDS'] ?? 3);

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: here, encoding: 'utf8' }).trim();

/** The older commit in a folder of its own, with its packages: those that are here where its lock file is the same. */
const checkOut = (older: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'glance-ferry-commit-'));
  git('worktree', 'add', '--detach', folder, older);
  const [lock, own] = [folder, here].map((at) => readFileSync(join(at, 'package-lock.json'), 'utf8'));
  if (lock === own && existsSync(join(here, 'node_modules')))
    cpSync(join(here, 'node_modules'), join(folder, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
    });
  else execFileSync('npm', ['ci', '--loglevel=error'], { cwd: folder, stdio: 'inherit' });
  execFileSync('npm', ['run', '-s', 'build'], { cwd: folder, stdio: 'inherit' });
  return folder;
};

/** A short run, which writes no page. @throws Error when it fails */
const runIn = async (folder: string, name: string): Promise<readonly Figure[]> => {
  const env = { BENCH_ROUNDS: '1', ...process.env };
  const run = spawn('node', ['test/bench/run.ts', name], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  run.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const [code] = await once(run, 'close');
  if (code !== 0) throw new Error(`${name} in ${folder} ended (${code}):\n${text}`);
  return figuresIn(text);
};

/** By the name of each figure, its values in the order of the rounds. */
type Values = Map<string, number[]>;

const keep = (values: Values, figures: readonly Figure[]): void => {
  for (const { name, value } of figures) values.set(name, [...(values.get(name) ?? []), value]);
};

const compare = async (folder: string, name: string): Promise<void> => {
  const [before, now]: [Values, Values] = [new Map(), new Map()];
  for (let round = 1; round <= rounds; round += 1) {
    keep(before, await runIn(folder, name));
    keep(now, await runIn(here, name));
    console.log(`round ${round}/${rounds} of ${name}`);
  }
  const rows = [...now].flatMap(([figure, values]) => {
    const old = before.get(figure);
    const show = (of: readonly number[]) => median(of).toPrecision(4);
    // Nothing against nothing is no ratio.
    return old && median(old) > 0
      ? [[figure, show(old), show(values), `${medianRatio(values, old).toFixed(2)} ×`]]
      : [];
  });
  console.log(`\n${markdown({ head: [name, `before`, 'now', 'ratio'], rows })}\n`);
};

const [older, ...names] = process.argv.slice(2);
if (!older || names.length === 0)
  throw new Error('Which commit, and which benchmarks? bench:commits -- COMMIT NAME…');
const folder = checkOut(older);
try {
  for (const name of names) await compare(folder, name);
  console.log(
    `before: ${git('rev-parse', '--short', older)}; now: ${commit()}; ${machine()}; ${rounds} rounds, in turn`,
  );
} finally {
  git('worktree', 'remove', '--force', folder);
  rmSync(folder, { recursive: true, force: true });
}
