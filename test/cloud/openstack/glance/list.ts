import type { Caller } from './access.ts';
import { badRequest } from './errors.ts';
import type { ImageRecord } from './record.ts';

const sortKeys = [
  ...['name', 'status', 'container_format', 'disk_format', 'size', 'id', 'created_at', 'updated_at'],
] as const;
type SortKey = (typeof sortKeys)[number];

const visibilities = ['community', 'public', 'private', 'shared', 'all'];
/** [DEFAULT] limit_param_default and api_limit_max */
const [pageSize, largestPage] = [25, 1000];
/** Filters with an operator before a colon; without one it is `eq` (glance/db/sqlalchemy/api.py). */
const withOperators = ['name', 'id', 'status', 'container_format', 'disk_format'];
const notFilters = new Set([
  ...['limit', 'marker', 'sort', 'sort_key', 'sort_dir', 'member_status', 'tag', 'visibility', 'os_hidden'],
  ...['owner', 'protected', 'size_min', 'size_max'],
]);

export interface Page {
  readonly images: ImageRecord[];
  readonly nextMarker: string | undefined;
}

/**
 * One page of GET /v2/images.
 * @throws GlanceError 400 in Glance's words for a bad parameter
 */
export function pageOf(all: readonly ImageRecord[], caller: Caller, query: URLSearchParams): Page {
  const limit = limitOf(query.get('limit'));
  const visibility = query.get('visibility');
  if (visibility !== null && !visibilities.includes(visibility))
    throw badRequest(`Invalid visibility value: ${visibility}`);
  const images = all
    .filter((image) => isListed(image, caller, query))
    .filter((image) => matches(image, query))
    .sort(order(query));
  const rest = after(images, query.get('marker'));
  const page = rest.slice(0, limit);
  return { images: page, nextMarker: page.length === limit ? page.at(-1)?.id : undefined };
}

function limitOf(given: string | null): number {
  if (given === null) return pageSize;
  if (!/^[+-]?\d+$/.test(given)) throw badRequest('limit param must be an integer');
  if (Number(given) < 0) throw badRequest('limit param must be positive');
  return Math.min(Number(given), largestPage);
}

/** Own images, public ones, and shared ones whose membership was accepted; community ones only if asked for. */
function isListed(image: ImageRecord, caller: Caller, query: URLSearchParams): boolean {
  const wanted = query.get('visibility');
  if (wanted !== null && wanted !== 'all' && image.visibility !== wanted) return false;
  if (caller.isAdmin || image.owner === caller.project?.id) return true;
  if (image.visibility === 'public') return true;
  if (image.visibility === 'community') return wanted === 'community' || wanted === 'all';
  const memberStatus = query.get('member_status') ?? 'accepted';
  const status = image.members.get(caller.project?.id ?? '')?.status;
  return image.visibility === 'shared' && status !== undefined && ['all', status].includes(memberStatus);
}

function matches(image: ImageRecord, query: URLSearchParams): boolean {
  const flag = (name: string, value: boolean): boolean =>
    (query.get(name) ?? String(value)) === String(value);
  const size = image.size ?? -1;
  return (
    image.os_hidden === (query.get('os_hidden') === 'true') &&
    flag('protected', image.protected) &&
    (query.get('owner') ?? image.owner) === image.owner &&
    size >= Number(query.get('size_min') ?? -1) &&
    size <= Number(query.get('size_max') ?? Number.POSITIVE_INFINITY) &&
    query.getAll('tag').every((tag) => image.tags.includes(tag)) &&
    [...query].every(([name, value]) => notFilters.has(name) || equals(image, name, value))
  );
}

/** `name=in:a,b` is one of several, `name=eq:a` is `name=a`; any other filter is its value. */
function equals(image: ImageRecord, name: string, wanted: string): boolean {
  const own = String(new Map(Object.entries(image)).get(name) ?? image.properties.get(name));
  if (!withOperators.includes(name)) return own === wanted;
  const [operator = '', value = ''] = wanted.includes(':') ? split(wanted) : ['eq', wanted];
  if (operator === 'in') return value.split(',').includes(own);
  if (operator === 'eq') return own === value;
  throw badRequest(`Unable to filter by unknown operator '${operator}'.`);
}

const split = (text: string): readonly string[] => {
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
};

function order(query: URLSearchParams): (left: ImageRecord, right: ImageRecord) => number {
  const given = query.get('sort') ?? query.get('sort_key') ?? 'created_at';
  const keys = given.split(',').map((text) => {
    const [key = '', direction = query.get('sort_dir') ?? 'desc'] = text.trim().split(':');
    return { key: sortKey(key), sign: direction === 'asc' ? 1 : -1 };
  });
  return (left, right) =>
    keys.map(({ key, sign }) => sign * compare(left[key], right[key])).find((sign) => sign !== 0) ?? 0;
}

function sortKey(given: string): SortKey {
  const key = sortKeys.find((one) => one === given);
  if (key) return key;
  throw badRequest(`Invalid sort key: ${given}. It must be one of the following: ${sortKeys.join(', ')}.`);
}

function compare(left: ImageRecord[SortKey], right: ImageRecord[SortKey]): number {
  if (left === right || left === null || right === null)
    return Number(left !== null) - Number(right !== null);
  return left < right ? -1 : 1;
}

function after(images: ImageRecord[], marker: string | null): ImageRecord[] {
  if (marker === null) return images;
  const index = images.findIndex((image) => image.id === marker);
  if (index < 0) throw badRequest(`No image found with ID ${marker}`);
  return images.slice(index + 1);
}
