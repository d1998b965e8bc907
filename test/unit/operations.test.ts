import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { errorRules } from '../../lib/errors.ts';
import { sourceFiles } from './source-files.ts';

// docs/operations.md names things of the code: they must be what they are called there.

const operations = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const section = (title: string): string =>
  operations.split(/^##+ /m).find((one) => one.startsWith(`${title}\n`)) ?? '';
const rowsOf = (title: string): readonly (readonly string[])[] =>
  section(title)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('|---'))
    .slice(1)
    .map((line) => line.split('|').map((cell) => cell.trim()));
const quoted = (text = ''): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

const code = sourceFiles('{functions,lib}/**/*.ts')
  .map(({ text }) => text)
  .join('\n');

describe('docs/operations.md', () => {
  test('explains every code, and says of each whether it is tried again', () => {
    const explained = rowsOf('Failures by code').map(([, name, again]) => [quoted(name)[0] ?? '', again]);
    const noFailures = quoted(section('Failures by code').split('Not ends of imports')[1]);
    const rules = Object.entries(errorRules).filter(([name]) => !noFailures.includes(name));
    expect(Object.fromEntries(explained)).toEqual(
      Object.fromEntries(rules.map(([name, { retryable }]) => [name, retryable ? 'yes' : 'no'])),
    );
  });

  test('quotes sentences that tasks really say', () => {
    const sentences = rowsOf('Sentences worth knowing').flatMap(([, said]) => quoted(said));
    expect(sentences.length).toBeGreaterThan(10);
    const pieces = sentences.flatMap((sentence) => sentence.split('…').map((piece) => piece.trim()));
    expect(pieces.filter((piece) => !code.includes(piece))).toEqual([]);
  });

  test('names settings that there are', () => {
    const yml = readFileSync(new URL('../../serverless.yml', import.meta.url), 'utf8');
    const settings = new Set(quoted(operations).filter((name) => /^[A-Z]+_[A-Z_]+$/.test(name)));
    expect([...settings].filter((name) => !yml.includes(`${name}:`))).toEqual([]);
  });

  test('queries the log by keys that lines have', () => {
    const keys = [...operations.matchAll(/fields ([\w@, ]+)/g)].flatMap(([, list = '']) => list.split(', '));
    // Powertools' own: https://docs.aws.amazon.com/powertools/typescript/latest/features/logger/
    const given = ['@timestamp', 'function_name', 'level', 'message'];
    expect(keys.filter((key) => !given.includes(key) && !code.includes(`${key}: `))).toEqual([]);
  });
});
