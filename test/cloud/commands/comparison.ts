import type { GlanceClient, Image } from './glance.ts';

export interface Row {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  /** `WRONG` makes the demo fail. */
  readonly verdict: 'equal' | 'stays behind' | 'kept' | 'WRONG';
}

/** The default prefixes of what travels. */
const prefixes = ['hw_', 'trait:', 'os_distro', 'os_secure_boot', 'os_type'];
const travels = (name: string) => prefixes.some((prefix) => name.startsWith(prefix));
const mustBeEqual = [
  'status',
  'disk_format',
  'container_format',
  'size',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
];
/** Attributes of every image, which differ or mean nothing here. */
const ownOfEachRegion = new Set([
  ...[
    'id',
    'name',
    'self',
    'file',
    'schema',
    'created_at',
    'updated_at',
    'owner',
    'tags',
    'visibility',
    'protected',
  ],
  ...[
    'min_disk',
    'min_ram',
    'virtual_size',
    'os_hidden',
    'stores',
    'locations',
    'direct_url',
    ...mustBeEqual,
  ],
]);

const text = (value: unknown) => (value === undefined || value === null ? '' : String(value));

function verdictOf(name: string, source: Image, target: Image, before: Image): Row['verdict'] {
  if (mustBeEqual.includes(name) || travels(name)) return source[name] === target[name] ? 'equal' : 'WRONG';
  if (name in before) return before[name] === target[name] ? 'kept' : 'WRONG';
  return name in target ? 'WRONG' : 'stays behind';
}

/** A Glance to read from. */
type Readable = Pick<GlanceClient, 'show' | 'sha512'>;

/** Both records attribute by attribute, and the sha512 of what both Glances give out. */
export async function compare(
  from: { readonly glance: Readable; readonly id: string },
  to: { readonly glance: Readable; readonly id: string; readonly before: Image },
): Promise<Row[]> {
  const [source, target] = [await from.glance.show(from.id), await to.glance.show(to.id)];
  const properties = [...new Set([...Object.keys(source), ...Object.keys(target)])];
  const names = [...mustBeEqual, ...properties.filter((name) => !ownOfEachRegion.has(name)).sort()];
  const rows = names.map((name) => ({
    name,
    source: text(source[name]),
    target: text(target[name]),
    verdict: verdictOf(name, source, target, to.before),
  }));
  const [sent, arrived] = [await from.glance.sha512(from.id), await to.glance.sha512(to.id)];
  const same = sent === arrived && sent === source['os_hash_value'];
  return [
    ...rows,
    { name: 'sha512 of the data', source: sent, target: arrived, verdict: same ? 'equal' : 'WRONG' },
  ];
}

const shorten = (value: string, width: number) =>
  (value.length > width ? `${value.slice(0, width - 1)}…` : value).padEnd(width);

/** The rows as a table for a terminal, headed by the regions. */
export function sideBySide(rows: readonly Row[], regions: { source: string; target: string }): string {
  const line = (name: string, source: string, target: string, verdict: string) =>
    `${shorten(name, 24)} ${shorten(source, 30)} ${shorten(target, 30)} ${verdict}`;
  const body = rows.map(({ name, source, target, verdict }) => line(name, source, target, verdict));
  return [line('', regions.source, regions.target, ''), ...body].join('\n');
}
