import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exitCodeOf } from '../../../cli/call/exit-codes.ts';
import { inRegions } from '../../../cli/call/in-regions.ts';
import { type RegionResult, tellResults } from '../../../cli/call/results.ts';
import { table } from '../../../cli/progress/table.ts';
import { FerryError } from '../../../lib/errors.ts';

const quiet = () => {
  const said = { stdout: '', stderr: '' };
  const out = (name: keyof typeof said) => ({
    write: (text: string) => {
      said[name] += text;
    },
  });
  const signal: AbortSignal = new AbortController().signal;
  return { io: { stdout: out('stdout'), stderr: out('stderr'), env: {}, signal }, said };
};

const active: RegionResult = {
  id: 'i',
  status: 'active',
  hash: 'sha512:ab',
  bytes: 2048,
  seconds: 65,
  isOk: true,
};

test('the exit code tells all, none or some', () => {
  expect(exitCodeOf([])).toBe(0);
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1 }), (outcomes) => {
      const good = outcomes.filter(Boolean).length;
      return exitCodeOf(outcomes) === (good === outcomes.length ? 0 : good === 0 ? 1 : 2);
    }),
  );
});

test('machines get every field of every region, people a line', () => {
  const results = new Map([
    ['REGION2', active],
    ['日本', { status: 'failed', reason: 'no\x1b[31m quota', isOk: false }],
  ]);
  const machine = quiet();
  expect(tellResults(machine.io, { json: true }, results)).toBe(2);
  expect(JSON.parse(machine.said.stdout)).toEqual({
    REGION2: { id: 'i', status: 'active', hash: 'sha512:ab', bytes: 2048, seconds: 65, reason: null },
    日本: { id: null, status: 'failed', hash: null, bytes: null, seconds: null, reason: 'no\x1b[31m quota' },
  });
  const person = quiet();
  tellResults(person.io, {}, results);
  expect(person.said.stdout).toBe('REGION2  active  i  2 KiB in 1:05\n日本     failed  no\ufffd[31m quota\n');
});

test('regions are worked at side by side, and what fails in one concerns no other', async () => {
  const { io } = quiet();
  const results = await inRegions(io, { regions: ['A', 'B', 'C'], signal: io.signal }, async ({ region }) => {
    if (region === 'A') throw new FerryError('forbidden', 'not you', { operation: 'copy' });
    if (region === 'B') throw new TypeError('a mistake of ours');
    return active;
  });
  expect([...results].map(([region, { status, isOk }]) => [region, status, isOk])).toEqual([
    ['A', 'failed', false],
    ['B', 'failed', false],
    ['C', 'active', true],
  ]);
  expect(results.get('A')?.reason).toBe('Failed to copy: not you');
  expect(results.get('B')?.reason).toContain('TypeError: a mistake of ours');
});

test('who is not waited for any longer goes on', async () => {
  const work = ({ signal }: { readonly signal: AbortSignal }) =>
    new Promise<RegionResult>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const signal = AbortSignal.timeout(20);
  const results = await inRegions(quiet().io, { regions: ['A'], signal }, work);
  expect(results.get('A')).toMatchObject({ status: 'running', isOk: false });
});

test('columns of a table stand below each other, and nothing is filled at the end of a line', () => {
  expect(
    table(
      ['region', 'why'],
      [
        ['日本', 'a\nb'],
        ['X', ''],
      ],
    ),
  ).toBe('region  why\n日本    a\ufffdb\nX\n');
});
