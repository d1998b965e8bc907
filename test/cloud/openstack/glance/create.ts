import { isObject, type Json, type JsonObject } from '../http/json.ts';
import { type Caller, mayPublish, mustCreate } from './access.ts';
import { checkPropertyQuota, isReadOnly, isReserved, setAttribute } from './attributes.ts';
import { accessDenied, badRequest, forbidden, serverError } from './errors.ts';
import { type ImageRecord, newRecord } from './record.ts';
import { checkAttribute } from './schema.ts';

const neverGiven = new Set(['direct_url', 'self', 'file', 'schema', 'stores']);
/** Glance takes these two from the body and forgets them. */
const ignored = new Set(['os_hash_algo', 'os_hash_value']);

/**
 * The queued record that POST /v2/images asks for.
 * @throws GlanceError 400, 403 or 413 in Glance's order: read-only links, schema, reserved names, rights
 */
export function recordFrom(body: Json, caller: Caller): ImageRecord {
  // Glance fails on an array: it takes the body for a dict without looking.
  if (!isObject(body)) throw serverError();
  const names = Object.keys(body);
  const link = names.find((name) => neverGiven.has(name));
  if (link) throw forbidden(`Attribute '${link}' is read-only.`);
  for (const name of names) checkAttribute(name, body[name] ?? null);
  for (const name of names) checkName(name);
  checkRights(body, caller);
  return filled(body, caller);
}

function checkName(name: string): void {
  if (name.length > 255) throw badRequest('Custom property should not be greater than 255 characters.');
  if (isReserved(name)) throw accessDenied(`Attribute '${name}' is reserved.`);
}

function checkRights(body: JsonObject, caller: Caller): void {
  mustCreate(caller);
  const owner = body['owner'];
  if (owner !== undefined && owner !== caller.project?.id && !caller.isAdmin)
    throw forbidden(`You are not permitted to create images owned by '${owner}'.`);
  mayPublish(caller, body['visibility']);
}

function filled(body: JsonObject, caller: Caller): ImageRecord {
  const image = newRecord(caller.project?.id ?? null);
  for (const [name, value] of Object.entries(body)) {
    if (ignored.has(name)) continue;
    if (name !== 'id' && isReadOnly(name)) throw forbidden(`Attribute '${name}' is read-only.`);
    setAttribute(image, name, value);
  }
  checkPropertyQuota(image);
  return image;
}
