import type { Json } from '../http/json.ts';
import { badRequest } from './errors.ts';
import { imageProperties, type PropertySchema } from './image-schema.ts';

/**
 * Checks one attribute of an image against Glance's schema.
 * @throws GlanceError 400; its message is the first line of upstream's, without the dump of the schema
 */
export function checkAttribute(name: string, value: Json): void {
  const schema = imageProperties[name] ?? { type: 'string' };
  const fault = faultOf(value, schema);
  if (fault) throw badRequest(`Provided object does not match schema 'image': ${fault}`);
}

function faultOf(value: Json, schema: PropertySchema): string | undefined {
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (schema.enum && !schema.enum.some((allowed) => allowed === value))
    return `${python(value)} is not one of ${python(schema.enum)}`;
  if (types.length > 0 && !types.some((type) => isOfType(value, type)))
    return `${python(value)} is not of type ${types.map(python).join(', ')}`;
  if (typeof value === 'string') return faultOfString(value, schema);
  if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    return value.map((item) => faultOf(item, items)).find((fault) => fault !== undefined);
  }
  return undefined;
}

function faultOfString(value: string, { maxLength, pattern }: PropertySchema): string | undefined {
  if (maxLength !== undefined && value.length > maxLength) return `${python(value)} is too long`;
  if (pattern !== undefined && !new RegExp(pattern).test(value))
    return `${python(value)} does not match ${python(pattern)}`;
  return undefined;
}

function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    default:
      return typeof value === type;
  }
}

/** A value as Python's repr() writes it, which upstream's messages quote. */
function python(value: Json): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  return typeof value === 'number'
    ? String(value)
    : `{${Object.entries(value)
        .map(([key, item]) => `'${key}': ${python(item)}`)
        .join(', ')}}`;
}
