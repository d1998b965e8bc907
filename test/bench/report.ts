import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { commit, machine, versions } from './machine.ts';

const page = new URL('../../docs/performance.md', import.meta.url);

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Report {
  /** Of the benchmark, as in its command. */
  readonly name: string;
  readonly tables: readonly Table[];
  /** What the reader must know to judge the numbers. */
  readonly notes: readonly string[];
  /** Command lines that print the versions of what takes part. */
  readonly tools?: readonly (readonly [string, ...string[]])[];
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A table as a page has it. */
export const markdown = ({ head, rows }: Table): string =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');

/** Puts a text between a benchmark's markers. @throws Error when the page has no such markers */
const replaceBetween = (text: string, name: string, content: string): string => {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no place for ${name}: ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
};

/** Prints tables and paragraphs, and writes them between a page's markers. */
export const writeBetween = (file: URL, name: string, blocks: readonly (Table | string)[]): void => {
  const content = blocks.map((block) => (typeof block === 'string' ? block : markdown(block))).join('\n\n');
  console.log(`\n${content}\n`);
  writeFileSync(file, replaceBetween(readFileSync(file, 'utf8'), name, content));
};

/** BENCH_MIB, BENCH_GIB and BENCH_ROUNDS are for trying a benchmark out, BENCH_PROFILE for looking into it; their numbers are not for the page. */
const isCutShort = (): boolean =>
  Object.keys(process.env).some((name) => /^BENCH_(MIB|GIB|ROUNDS|PROFILE)$/.test(name));

/** Remembers how busy the machine is before the benchmark; the function it returns prints and writes the report. */
export const startReport = (): ((report: Report) => void) => {
  const where = machine();
  const measured = commit();
  const date = new Date().toISOString().slice(0, 10);
  return ({ name, tables, notes, tools = [] }) => {
    const after = loadavg()[0]?.toFixed(1);
    const facts = [
      `${date}, commit ${measured}, ${where} (${after} after it)`,
      versions(tools),
      `\`npm run bench -- ${name}\``,
    ];
    const text = [
      ...tables.map(markdown),
      notes.map((note) => `- ${note}`).join('\n'),
      `${facts.join('. ')}.`,
    ];
    const content = text.filter((part) => part !== '').join('\n\n');
    console.log(`\n${content}\n`);
    if (isCutShort())
      return console.log('Not written to docs/performance.md: a BENCH_ variable cuts the run short.');
    writeFileSync(page, replaceBetween(readFileSync(page, 'utf8'), name, content));
  };
};

/** `1.23 × (goal ≥ 1.0 ×, met)` in two cells. */
export const judged = (ratio: number, goal: { readonly atLeast: number } | { readonly atMost: number }) => {
  const isMet = 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
  const text = 'atLeast' in goal ? `≥ ${goal.atLeast} ×` : `≤ ${goal.atMost} ×`;
  return [`**${ratio.toFixed(2)} ×**`, `${text}: ${isMet ? 'met' : '**not met**'}`] as const;
};
