import type { GlanceImage } from '../schemas/openstack.ts';
import type { Properties } from '../state/task.ts';

/**
 * Attributes of every image record. A prefix such as `os_` matches some of them, and Glance would copy them as custom
 * properties (glance/async_/flows/api_image_import.py); a hash of other bytes must never travel so.
 */
const baseAttributes: ReadonlySet<string> = new Set([
  'id',
  'name',
  'status',
  'visibility',
  'protected',
  'owner',
  'tags',
  'size',
  'virtual_size',
  'checksum',
  'container_format',
  'disk_format',
  'created_at',
  'updated_at',
  'min_ram',
  'min_disk',
  'os_hash_algo',
  'os_hash_value',
  'os_hidden',
  'self',
  'file',
  'schema',
  'direct_url',
  'locations',
  'stores',
]);

/** Names that Glance keeps to itself; a PATCH of one is 403 (glance/common/… `os_glance`). */
export const isReserved = (name: string): boolean => name.startsWith('os_glance');

/** Custom properties alone: what every record has is none, nor is what is no text. */
export const isCustomProperty = (entry: readonly [string, unknown]): entry is [string, string] =>
  typeof entry[1] === 'string' && !baseAttributes.has(entry[0]);

/** The source's custom properties whose names start with one of the prefixes. */
export const copiedProperties = (source: GlanceImage, prefixes: readonly string[]): Properties =>
  Object.fromEntries(
    Object.entries(source).filter(
      (entry): entry is [string, string] =>
        isCustomProperty(entry) &&
        !isReserved(entry[0]) &&
        prefixes.some((prefix) => entry[0].startsWith(prefix)),
    ),
  );
