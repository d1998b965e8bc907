import { describe, expect, test } from 'vitest';
import { sourceFiles } from './source-files.ts';

// Powertools keeps some keys for itself: a line that has one of its own loses it, and nothing but a warning says so. The
// reason of every failed import got lost like that once.
const reserved = ['level', 'message', 'sampling_rate', 'service', 'timestamp'];

const call = /\blog(?:Of\(\w+\))?(?:\.(?:trace|debug|info|warn|error|critical)|\[[^\]]+\])\(/g;
const pairs: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']' };

/** The arguments of a call, as text. @param from where its first one begins */
const argumentsAt = (text: string, from: number): string[] => {
  const found = [''];
  const closing = [')'];
  for (let at = from; closing.length > 0; at += 1) {
    const character = text[at] ?? ')';
    const [until] = closing.slice(-1);
    if (character === until) closing.pop();
    else if (character === "'" || character === '`') {
      if (until !== character) closing.push(character);
    } else if (pairs[character] && until !== "'" && until !== '`') closing.push(pairs[character]);
    if (closing.length === 1 && character === ',') found.push('');
    else if (closing.length > 0) found[found.length - 1] += character;
  }
  return found.map((one) => one.trim()).filter((one) => one !== '');
};

/** The keys of an object literal; undefined for anything whose keys cannot be seen. */
const keysOf = (literal: string): string[] | undefined => {
  if (!literal.startsWith('{') || literal.includes('...')) return undefined;
  const fields = argumentsAt(`${literal.slice(1, -1)})`, 0);
  return fields.map((field) => field.split(':', 1)[0]?.trim() ?? '');
};

/** What is wrong with the log calls of a text. */
const faultsIn = (text: string): string[] =>
  [...text.matchAll(call)].flatMap((match) => {
    const [said = '', fields] = argumentsAt(text, match.index + match[0].length);
    if (fields === undefined) return [];
    const keys = keysOf(fields);
    if (!keys) return [`${said}: its fields are not written out: ${fields}`];
    return keys.filter((key) => reserved.includes(key)).map((key) => `${said}: ${key} is reserved`);
  });

describe('the fields of a line of the log', () => {
  const files = sourceFiles('{bridge,functions,lib,worker}/**/*.ts');

  test('are written out, and none is a key that Powertools keeps for itself', () => {
    expect(files.flatMap(({ path, text }) => faultsIn(text).map((fault) => `${path}: ${fault}`))).toEqual([]);
    expect(files.flatMap(({ text }) => [...text.matchAll(call)]).length).toBeGreaterThan(15);
  });

  test.each([
    ["log.info('a', { b: 1, message: f(x, { y }) });", ["'a': message is reserved"]],
    ["run.log.warn('a', end);", ["'a': its fields are not written out: end"]],
    ["logOf(task).error('a, b', { ...end });", ["'a, b': its fields are not written out: { ...end }"]],
    ["log[level]('a', { timestamp });", ["'a': timestamp is reserved"]],
    ["log.info('a', { reason: end.message, error }); log.info(b);", []],
  ])('are found wrong where they are: %s', (text, faults) => {
    expect(faultsIn(text)).toEqual(faults);
  });
});
