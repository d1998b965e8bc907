import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createUriFilter } from '../../../lib/download/uri-filter.ts';

const open = { allowed: [], disallowed: [] };
const filter = createUriFilter({ schemes: open, hosts: open, ports: open });

type Octets = readonly [number, number, number, number];
const octet = fc.nat(255);

/** IPv4 addresses that belong to the machine itself, or to a cloud's metadata service. */
const ownIpv4: fc.Arbitrary<Octets> = fc.oneof(
  fc.tuple(fc.constant(127), octet, octet, octet),
  fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
  fc.tuple(fc.constant(0), octet, octet, octet),
);

const numberOf = (octets: readonly number[]): number => octets.reduce((sum, byte) => sum * 256 + byte, 0);
const wordsOf = ([a, b, c, d]: Octets): string =>
  `${numberOf([a, b]).toString(16)}:${numberOf([c, d]).toString(16)}`;

/** inet_aton's forms: one to four numbers, the last of which fills the rest; each decimal, octal or hex. */
const shortened = (octets: Octets, count: number): readonly number[] => [
  ...octets.slice(0, count - 1),
  numberOf(octets.slice(count - 1)),
];
const bases = [
  (value: number) => `${value}`,
  (value: number) => `0${value.toString(8)}`,
  (value: number) => `0x${value.toString(16)}`,
  (value: number) => `0X${value.toString(16).toUpperCase()}`,
  (value: number) => `0x0000${value.toString(16)}`,
];
const fullWidth = (text: string): string =>
  text.replace(/[0-9.]/g, (c) => (c === '.' ? '\u3002' : String.fromCodePoint(0xff10 + Number(c))));

const ipv4Spelling = fc
  .tuple(
    ownIpv4,
    fc.integer({ min: 1, max: 4 }),
    fc.array(fc.nat(4), { minLength: 4, maxLength: 4 }),
    fc.nat(3),
  )
  .map(([octets, count, chosen, dress]) => {
    const text = shortened(octets, count)
      .map((value, index) => bases[chosen[index] ?? 0]?.(value))
      .join('.');
    return [text, `${text}.`, fullWidth(text), text.replace(/\d/, (d) => `%3${d}`)][dress] ?? text;
  });

const ipv6Spelling = fc.tuple(ownIpv4, fc.nat(9)).map(([octets, form]) => {
  const words = wordsOf(octets);
  const dotted = octets.join('.');
  const forms = [
    `::ffff:${dotted}`,
    `::ffff:${words}`,
    `0:0:0:0:0:FFFF:${words}`,
    `::${dotted}`,
    `::${words}`,
    `64:ff9b::${words}`,
    `64:ff9b::${dotted}`,
    `::ffff:0:${words}`,
    `2002:${words}::1`,
    `2001:0:${words}::`,
  ];
  return `[${forms[form]}]`;
});

const ownIpv6 = fc
  .oneof(
    fc.constantFrom('::1', '0:0:0:0:0:0:0:1', '::', '0::0', 'fd00:ec2::254', 'FD00:0EC2:0:0::254'),
    fc
      .tuple(fc.constantFrom('fe80', 'fe8f', 'febf', 'ff02'), fc.nat(0xffff))
      .map(([a, b]) => `${a}::${b.toString(16)}`),
  )
  .map((address) => `[${address}]`);

const names = fc.constantFrom('localhost', 'LOCALHOST', 'localhost.', 'LocalHost.');
const around = fc.tuple(
  fc.constantFrom(
    'http://',
    'HTTP://',
    'https://',
    'http:\\\\',
    'http:/',
    'http:',
    ' http://',
    'http://u:p@',
    'http://8.8.8.8@',
  ),
  fc.constantFrom(
    '',
    '/',
    ':80',
    ':80/',
    '/latest/meta-data/',
    '?//8.8.8.8',
    '#@8.8.8.8',
    '/?//127.0.0.1',
    '\\@8.8.8.8/',
  ),
);

test('no spelling of an address of this machine, or of metadata, passes', async () => {
  const host = fc.oneof(ipv4Spelling, ipv6Spelling, ownIpv6, names);
  await fc.assert(
    fc.asyncProperty(host, around, async (spelling, [before, after]) => {
      expect(await filter.passes(`${before}${spelling}${after}`)).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

test('an IPv4 address of the world passes in its one full spelling, and in no other', async () => {
  const isSpecial = ([a, b, c]: Octets) =>
    [0, 10, 127].includes(a) ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && [0, 31, 52, 88, 168, 175].includes(b)) ||
    (a === 198 && [18, 19, 51].includes(b)) ||
    (a === 203 && b === 0) ||
    (a === 168 && b === 63 && c === 129);
  const other = fc.tuple(octet, octet, octet, octet).filter((octets) => !isSpecial(octets));
  await fc.assert(
    fc.asyncProperty(other, fc.integer({ min: 1, max: 3 }), async (octets, count) => {
      expect(await filter.passes(`http://${octets.join('.')}/`)).toBe(true);
      expect(await filter.passes(`http://${shortened(octets, count).join('.')}/`)).toBe(false);
      expect(await filter.passes(`http://[64:ff9b::${wordsOf(octets)}]/`)).toBe(true);
    }),
  );
});
