import { expect, test } from 'vitest';
import { run } from '../../../cli/run.ts';

/** What the command says, and its exit code. */
const called = async (...args: readonly string[]) => {
  const said = { stdout: '', stderr: '' };
  const out = (name: keyof typeof said) => ({
    write: (text: string) => {
      said[name] += text;
    },
  });
  const io = { stdout: out('stdout'), stderr: out('stderr'), env: {}, signal: new AbortController().signal };
  return { code: await run(args, io, '1.2.3'), ...said };
};

test('help and version are printed to stdout and are no failure', async () => {
  expect(await called('--version')).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
  const help = await called('--help');
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toMatch(/^Usage: glance-ferry /);
  expect(help.stdout).toContain('Exit codes: 0 everywhere, 1 nowhere, 2 in some regions, 64 wrong use.');
});

test.each([
  [['fly']],
  [['completion']],
  [['--fast']],
  [['completion', 'fish']],
  [['completion', 'constructor']],
])('%j is wrong use, which stderr explains', async (args) => {
  const { code, stdout, stderr } = await called(...args);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).not.toBe('');
});

test.each(['bash', 'zsh'])('completion %s prints a script that knows all commands', async (shell) => {
  const { code, stdout } = await called('completion', shell);
  expect(code).toBe(0);
  expect(stdout).toContain('completion');
});
