import type { Json } from '../http/json.ts';
import { badRequest, forbidden, tooLarge } from './errors.ts';
import type { ImageRecord } from './record.ts';

const readOnly = new Set([
  ...['created_at', 'updated_at', 'status', 'checksum', 'size', 'virtual_size', 'direct_url', 'self', 'file'],
  ...['schema', 'id', 'os_hash_algo', 'os_hash_value'],
]);
const reserved = new Set(['location', 'deleted', 'deleted_at']);
const reservedNamespace = 'os_glance';
const baseAttributes = new Set([
  ...['name', 'status', 'visibility', 'protected', 'os_hidden', 'owner', 'tags', 'min_ram', 'min_disk'],
  ...['disk_format', 'container_format', 'id', 'size', 'virtual_size', 'checksum', 'os_hash_algo'],
  ...['os_hash_value', 'created_at', 'updated_at', 'locations'],
]);
const maxInteger = 2_147_483_647;
/** [DEFAULT] image_property_quota */
const maxProperties = 128;

export const isReadOnly = (name: string): boolean => readOnly.has(name);
export const isReserved = (name: string): boolean => reserved.has(name) || name.startsWith(reservedNamespace);
export const isBase = (name: string): boolean => baseAttributes.has(name);

/**
 * Sets one attribute or property, whose type the schema has already allowed.
 * @throws GlanceError 400 or 403 where the record refuses the value
 */
export function setAttribute(image: ImageRecord, name: string, value: Json): void {
  if (name === 'min_disk' || name === 'min_ram') checkSize(name, Number(value));
  if ((name === 'disk_format' || name === 'container_format') && !formatsMayChange(image))
    throw forbidden(`Attribute ${name} can be only replaced for a queued image.`);
  if (name === 'tags') image.tags = [...new Set(Array.isArray(value) ? value.map(String) : [])].sort();
  else if (isBase(name)) Object.assign(image, { [name]: value });
  else image.properties.set(name, String(value));
}

/** domain/__init__.py: formats are open while the image is queued or importing. */
function formatsMayChange({ status }: ImageRecord): boolean {
  return status === 'queued' || status === 'importing';
}

function checkSize(name: string, value: number): void {
  if (value < 0)
    throw badRequest(`Invalid value '${value}' for parameter '${name}': Cannot be a negative value`);
  if (value > maxInteger) throw badRequest(`'${name}' value out of range, must not exceed ${maxInteger}.`);
}

/** @throws GlanceError 413 when the image has more than 128 properties of its own */
export function checkPropertyQuota(image: ImageRecord): void {
  const attempted = image.properties.size;
  if (attempted > maxProperties)
    throw tooLarge(
      `The limit has been exceeded on the number of allowed image properties. Attempted: ${attempted}, Maximum: ${maxProperties}`,
    );
}
