import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createUriFilter, displayUri } from '../../lib/download/uri-filter.ts';
import { rangeOf } from '../../lib/http/content-range.ts';
import { createChunkedDecoder } from '../../lib/http/framing/chunked-decoder.ts';
import { contentLength, framingOf, parseHead } from '../../lib/http/framing/message-head.ts';
import { idleMsAfter } from '../../lib/http/framing/persistence.ts';
import { innermostReason } from '../../lib/innermost-reason.ts';
import { requireSuccess, retryAfterOf } from '../../lib/openstack/calls/refusal.ts';
import { normaliseEndpoint } from '../../lib/openstack/catalog.ts';
import { keystoneRoot } from '../../lib/openstack/keystone.ts';
import { ignored } from '../../lib/promises.ts';
import { matches } from '../../lib/replication/policy/patterns.ts';
import { parseImageId } from '../../lib/schemas/ids.ts';
import { sourceFiles } from './source-files.ts';

// Foreign input must not hold up the event loop: what takes a moment over half of it takes at most 2.5 moments over all.

const KiB = 1024;
const most = 2.5;
/** What is faster than this over 64 KiB is not quadratic: 2^32 steps take seconds. Slower ones are compared. */
const momentMs = 150;
/** Slower than any machine is by accident. */
const hopelessMs = 1000;

const units = [
  ...[
    ' ',
    '\t',
    '/',
    '\\',
    '@',
    ':',
    ';',
    ',',
    '.',
    '-',
    '_',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '?',
    '#',
    '%',
    '&',
    '=',
  ],
  ...[
    'a',
    'f',
    '0',
    'Z',
    'x@',
    '\r',
    '\n',
    '\r\n',
    '<br />',
    ' <br />',
    'urn:',
    'a:b\r\n',
    '/v2.1',
    '/v2',
    '5, ',
    'é',
  ],
];
const prefixes = ['', 'http:', 'A:', '[', 'bytes 1', 'HTTP/1.1 200 '];
const suffixes = ['', '!\x00'];

const durationOf = (run: () => unknown): number => {
  const start = performance.now();
  try {
    // What is done later by a promise of its own is no part of it.
    Promise.resolve(run()).catch(ignored);
  } catch {
    // A refusal is an end like others.
  }
  return performance.now() - start;
};

/** How much longer the whole takes than its half: the best of several, in turns, for a machine that has other things to do. */
const compare = (whole: () => unknown, half: () => unknown) => {
  const turns = Array.from({ length: 3 }, () => ({ long: durationOf(whole), short: durationOf(half) }));
  const [long, short] = [turns.map((turn) => turn.long), turns.map((turn) => turn.short)];
  return { long: Math.min(...long), times: Math.min(...long) / Math.min(...short) };
};

const attacks = prefixes.flatMap((prefix) =>
  units.flatMap((unit) => suffixes.map((suffix) => ({ prefix, unit, suffix }))),
);
type Attack = (typeof attacks)[number];

const isSlow = (apply: (text: string) => unknown, { prefix, unit, suffix }: Attack): boolean => {
  const text = (size: number) => `${prefix}${unit.repeat(size / unit.length)}${suffix}`;
  const [half, whole] = [text(32 * KiB), text(64 * KiB)];
  const once = durationOf(() => apply(whole));
  if (once < momentMs || once > hopelessMs) return once > hopelessMs;
  const { long, times } = compare(
    () => apply(whole),
    () => apply(half),
  );
  return long > momentMs && times > most;
};

/** @returns the first attack that takes more than its share */
const slowOne = (apply: (text: string) => unknown): Attack | undefined =>
  attacks.find((attack) => isSlow(apply, attack));

const open = { allowed: [], disallowed: [] };
const filter = createUriFilter({ schemes: open, hosts: open, ports: open });
const call = { operation: 'ask' };
const answer = (headers: Record<string, string>, text = '') => ({
  statusCode: 404,
  headers,
  body: {
    text: () => Promise.resolve(text),
    dump: () => Promise.resolve(),
    fill: () => Promise.resolve(0),
    close: () => undefined,
  },
});

/** On a machine that has other things to do. */
const timeout = 60_000;

describe('over foreign input, linear time is taken by', () => {
  test.each<[string, (text: string) => unknown]>([
    ['parseImageId', parseImageId],
    ['displayUri', displayUri],
    ['the URI filter', (text) => filter.passes(text)],
    ['normaliseEndpoint', normaliseEndpoint],
    ['keystoneRoot', keystoneRoot],
    ['parseHead, status', parseHead],
    ['parseHead, fields', (text) => parseHead(`HTTP/1.1 200 OK\r\n${text}`)],
    ['contentLength', (text) => contentLength({ statusCode: 200, headers: { 'content-length': text } })],
    ['framingOf', (text) => framingOf({ statusCode: 200, headers: { 'transfer-encoding': text } })],
    [
      'idleMsAfter',
      (text) =>
        idleMsAfter({ version: '1.1', statusCode: 200, headers: { connection: text, 'keep-alive': text } }),
    ],
    ['rangeOf', (text) => rangeOf(answer({ 'content-range': text }), {}, 'read')],
    [
      'the chunked decoder',
      (text) => createChunkedDecoder().decode(Buffer.from(text), Buffer.alloc(100_000)),
    ],
    ['retryAfterOf', retryAfterOf],
    ['a refusal', (text) => requireSuccess(answer({}, JSON.stringify({ message: text })), call)],
    ['a pattern of names', (text) => matches('*a*b?c*:/', text)],
    ['innermostReason', (text) => innermostReason(new Error(text))],
  ])('%s', (_, apply) => expect(slowOne(apply)).toBeUndefined(), timeout);
});

/** A slash where it begins an expression and does not divide, up to the one that ends it. */
const literal =
  /(?<=(?:^|[=(,:?!&|[{;>])\s*)\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+)\/([a-z]*)(?=[\s.,;)])/g;

const root = join(import.meta.dirname, '../..');

const isCode = (line: string): boolean => !/^\s*(\/\/|\/?\*)/.test(line);

/** The regular expressions of a file, line by line, without those in its comments. */
const expressionsOf = (text: string): RegExp[] =>
  text
    .split('\n')
    .filter(isCode)
    .flatMap((line) =>
      [...line.matchAll(literal)].map(([, source = '', flags]) => new RegExp(source, flags)),
    );

const product = '{bridge,cli,deployment,functions,lib,worker}/**/*.ts';
const literals = sourceFiles(product).flatMap(({ path, text }) =>
  expressionsOf(text).map((expression) => ({ path, expression })),
);
const validators = globSync('lib/**/*validators.js', { cwd: root });
const patterns = validators.flatMap((path) =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/new RegExp\((".*?"), "u"\)/g)].map(
    ([, source = '""']) => ({ path, expression: new RegExp(JSON.parse(source), 'u') }),
  ),
);

describe('every regular expression of the product takes linear time', () => {
  test('and is found: none is made of a text', () => {
    expect(literals.length).toBeGreaterThan(20);
    expect(patterns.length).toBeGreaterThan(0);
    expect(validators).toContain('lib/schemas/bridge-validators.js');
    const made = sourceFiles(product).filter(({ text }) => text.includes('new RegExp'));
    expect(made.map(({ path }) => path).filter((path) => !path.endsWith('.d.ts'))).toEqual([]);
  });

  test('but a nested one does not', () => {
    const code = "  // /not/\nconst a = text.replace(/ +$/g, '') / 2 / 3;\n  /[/]/.test(a);";
    expect(expressionsOf(code).map(String)).toEqual(['/ +$/g', '/[/]/']);
    const attack = { prefix: '', unit: 'x@', suffix: '!' };
    expect(isSlow((text) => text.replace(/(?:x@)+$/, ''), attack)).toBe(true);
  });

  test.each([...literals, ...patterns])('$path: $expression', ({ expression }) => {
    expect(slowOne((text) => text.replace(expression, 'x'))).toBeUndefined();
  });
});
