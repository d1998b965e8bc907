import { isObject, type Json, type JsonObject } from '../http/json.ts';
import { isReadOnly, isReserved } from './attributes.ts';
import { badRequest, forbidden, GlanceError } from './errors.ts';
import { checkAttribute } from './schema.ts';

export type Operation = 'add' | 'remove' | 'replace';

export interface Change {
  readonly operation: Operation;
  /** The first step of the pointer: the attribute. */
  readonly name: string;
  readonly value: Json;
  /** The older media type (draft 4) refuses to add what is there already. */
  readonly draft: 4 | 10;
}

const drafts: Readonly<Record<string, 4 | 10>> = {
  'application/openstack-images-v2.0-json-patch': 4,
  'application/openstack-images-v2.1-json-patch': 10,
};
const operations: readonly Operation[] = ['add', 'remove', 'replace'];
const oneMember = 'named "add", "remove", or "replace".';

/** @throws GlanceError 415 with Accept-Patch for any other media type */
export function draftOf(contentType: string): 4 | 10 {
  const draft = drafts[contentType];
  if (draft) return draft;
  throw new GlanceError(415, '', '', { 'Accept-Patch': Object.keys(drafts).join(', ') });
}

/** Reads and checks all operations before any is applied. @throws GlanceError 400 or 403 */
export function readChanges(body: Json, draft: 4 | 10): Change[] {
  if (!Array.isArray(body)) throw badRequest('Request body must be a JSON array of operation objects.');
  return body.map((raw: Json) => {
    if (!isObject(raw)) throw badRequest('Operations must be JSON objects.');
    return readChange(raw, draft);
  });
}

function readChange(raw: JsonObject, draft: 4 | 10): Change {
  const operation = draft === 10 ? operationOf(raw) : draft4OperationOf(raw);
  const pointer = raw[draft === 10 ? 'path' : operation];
  if (pointer === undefined) throw badRequest("Unable to find 'path' in JSON Schema change");
  const path = decodePointer(String(pointer));
  const name = path[0] ?? '';
  const depth = name === 'locations' && operation !== 'replace' ? 2 : 1;
  if (path.length !== depth) throw badRequest(`Invalid JSON pointer for this resource: '/${path.join('/')}'`);
  if (operation !== 'remove' && raw['value'] === undefined)
    throw badRequest(`Operation "${operation}" requires a member named "value".`);
  const change = { operation, name, value: raw['value'] ?? null, draft };
  checkChange(change);
  return change;
}

function operationOf(raw: JsonObject): Operation {
  const among = `It must be one of the following: ${operations.join(', ')}.`;
  const given = raw['op'];
  if (given === undefined || given === null)
    throw badRequest(`Unable to find \`op\` in JSON Schema change. ${among}`);
  const operation = operations.find((one) => one === given);
  if (!operation) throw badRequest(`Invalid operation: \`${given}\`. ${among}`);
  return operation;
}

function draft4OperationOf(raw: JsonObject): Operation {
  const [operation, another] = operations.filter((one) => one in raw);
  if (another) throw badRequest(`Operation objects must contain only one member ${oneMember}`);
  if (!operation) throw badRequest(`Operation objects must contain exactly one member ${oneMember}`);
  return operation;
}

/** The steps of a JSON pointer, `~1` read as `/` and `~0` as `~`. */
function decodePointer(pointer: string): string[] {
  checkPointer(pointer);
  const steps = pointer.replace(/^\/+/, '').split('/');
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~').trim());
}

function checkPointer(pointer: string): void {
  const rest = pointer.slice(1);
  if (!pointer.startsWith('/')) throw badRequest(`Pointer \`${pointer}\` does not start with "/".`);
  if (/\/\s*?\//.test(rest)) throw badRequest(`Pointer \`${pointer}\` contains adjacent "/".`);
  if (rest !== '' && pointer.endsWith('/')) throw badRequest(`Pointer \`${pointer}\` end with "/".`);
  if (/~[^01]/.test(pointer) || pointer.endsWith('~'))
    throw badRequest(`Pointer \`${pointer}\` contains "~" not part of a recognized escape sequence.`);
}

function checkChange({ operation, name, value }: Change): void {
  if (isReadOnly(name)) throw forbidden(`Attribute '${name}' is read-only.`);
  if (isReserved(name)) throw forbidden(`Attribute '${name}' is reserved.`);
  if (operation !== 'remove' && name !== 'locations') checkAttribute(name, value);
}
