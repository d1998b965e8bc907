import type { Random } from './random.ts';

const repeated = (text: string, length: number): string =>
  text.repeat(Math.ceil(length / text.length)).slice(0, length);

/** Whatever has made a parser, a regular expression, a terminal or a database stumble somewhere. */
const pieces = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '/',
    '\\',
    '@',
    ':',
    '?',
    '#',
    '%',
    '.',
    '-',
    "'",
    '"',
    '<',
    '&',
    '=',
    ' ',
    '\t',
    '\0',
  ],
  ...[
    'urn:',
    'uuid:',
    '../',
    '%00',
    '%2e',
    '\r\n',
    'http:',
    '//',
    '[::',
    '0',
    'a',
    'é',
    '😀',
    '\ud800',
    '\u202e',
    'İ',
  ],
  ...['{{7*7}}', "' OR 1=1 --", '<script>', '__proto__', 'constructor', 'toString', 'null', 'NaN', '-1'],
];

/** Up to some 60 KiB: what is longer is another case. */
const lengths = [0, 1, 2, 31, 32, 33, 36, 254, 255, 256, 257, 1000, 4096, 8191, 8192, 8193, 20_000, 60_000];

export const oddText = (random: Random): string => {
  if (random.chance(0.3)) return random.pick(pieces);
  const text = Array.from({ length: 1 + random.integer(3) }, () => random.pick(pieces)).join('');
  const odd = repeated(text, random.pick(lengths));
  return random.chance(0.5) ? odd : `${odd}${random.pick(pieces)}`;
};

/** Stands for lists within 20 000 lists, which `JSON.stringify` cannot write: `deepened` puts them into its place. */
const deep = 'twenty thousand lists';
export const deepened = (json: string): string =>
  json.replace(`"${deep}"`, () => '['.repeat(20_000) + ']'.repeat(20_000));

/** Any value of JSON, those first that a check of types forgets. */
export const oddValue = (random: Random): unknown =>
  random.pick<() => unknown>([
    () => null,
    () => true,
    () => false,
    () => random.pick([0, -1, 1.5, 1e308, -0, Number.MAX_SAFE_INTEGER + 2]),
    () => oddText(random),
    () => oddText(random),
    () => [],
    () => ({}),
    () => [oddText(random), oddText(random)],
    () => ({ toString: 1 }),
    () => ({ toString: null, valueOf: 1 }),
    () => [{ toString: 1 }],
    () => ({ length: -1, valueOf: null, toJSON: 1 }),
    () => ({ [oddText(random)]: oddText(random) }),
    () => Array.from({ length: 2000 }, () => 'x'),
    () => deep,
  ])();

const hosts = [
  '127.0.0.1',
  'localhost',
  '[::1]',
  '169.254.169.254',
  '10.0.0.1',
  '2130706433',
  '0x7f.1',
  '127.1',
  '',
];

/** A URI that is none, or that nobody should ask. None has a name that would have to be resolved. */
export const oddUri = (random: Random): string => {
  const scheme = random.pick([
    'http',
    'https',
    'HTTP',
    'file',
    'ftp',
    'gopher',
    'javascript',
    '',
    'http:http',
  ]);
  const slashes = random.pick(['//', '/', '', '\\\\', '////']);
  const user = random.chance(0.3) ? `${oddText(random).slice(0, 4000)}@` : '';
  const port = random.chance(0.4) ? `:${random.pick(['80', '22', '0', '99999', '-1', '8a', ''])}` : '';
  const rest = random.chance(0.5) ? `/${oddText(random)}` : '';
  return `${scheme}:${slashes}${user}${random.pick(hosts)}${port}${rest}`;
};
