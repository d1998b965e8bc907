import { randomUUID } from 'node:crypto';
import { at, isObject, type Json, type JsonObject, stringAt } from '../http/json.ts';
import { type Caller, mustOwn } from './access.ts';
import { badRequest, conflict, serverError } from './errors.ts';
import type { ImageRecord } from './record.ts';
import type { GlanceRequest } from './request.ts';

const hourMs = 3_600_000;

const uuid = /^(urn:)?(uuid:)?\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;

/**
 * The body of POST /v2/images/{id}/import, as far as Glance looks at it before it looks for the image.
 * @returns the method, which has a name
 * @throws GlanceError 400, or 500 where Glance trips over a type
 */
export function importMethod(body: Json, enabled: readonly string[]): JsonObject {
  if (!isObject(body)) throw serverError();
  const method = body['method'];
  if (method === undefined) throw badRequest("Import request requires a 'method' field.");
  if (!isObject(method)) throw serverError();
  const name = method['name'];
  if (name === undefined) throw badRequest("Import request requires a 'name' field.");
  if (!enabled.some((one) => one === name)) throw badRequest(`Unknown import method name '${name}'.`);
  checkBoolean(body, 'all_stores_must_succeed');
  checkBoolean(body, 'all_stores');
  return method;
}

function checkBoolean(body: JsonObject, name: string): void {
  const value = at(body, name);
  if (value !== undefined && typeof value !== 'boolean')
    throw badRequest(`'${name}' must be boolean value only`);
}

/** The checks on the image, in Glance's order. @throws GlanceError 400, 403 or 409 */
export function checkImport(image: ImageRecord, method: JsonObject, caller: Caller): void {
  const name = stringAt(method, 'name') ?? '';
  checkStatus(image, name);
  if (!image.container_format) throw conflict("'container_format' needs to be set before import");
  if (!image.disk_format) throw conflict("'disk_format' needs to be set before import");
  if (name === 'glance-download') checkSource(method);
  mustOwn(caller, image);
  if (isLocked(image)) throw conflict('Image has active task');
}

/** A lock outlives its task's last sign of life by an hour, by two while it is pending; without a task it is stale. */
function isLocked({ properties, tasks }: ImageRecord): boolean {
  const task = tasks.find(({ id }) => id === properties.get('os_glance_import_task'));
  if (!task) return false;
  const ageMs = Date.now() - Date.parse(`${task.updated_at}Z`);
  return ageMs < (task.status === 'pending' ? 2 : 1) * hourMs;
}

/** common/utils.py, get_stores_from_request. @throws GlanceError 400 or 409 */
export function checkStores(body: Json, header: string | undefined, known: readonly string[]): void {
  const named = at(body, 'stores');
  if (at(body, 'all_stores') === true) {
    if (named === undefined && header === undefined) return;
    throw badRequest("All_stores parameter can't be used with x-image-meta-store header or stores parameter");
  }
  if (named !== undefined && header !== undefined)
    throw badRequest("Stores parameter and x-image-meta-store header can't be both specified");
  // A text is taken apart into its characters.
  const stores = typeof named === 'string' || Array.isArray(named) ? [...named] : [];
  const unknown = [...stores, ...(header === undefined ? [] : [header])].find(
    (one) => !known.some((id) => id === one),
  );
  if (unknown !== undefined) throw conflict(`Store for identifier ${unknown} not found`);
}

/**
 * Takes an import that passed all checks, and the image with it. No worker ever comes: nothing here fetches anything, the
 * emulation is for those who carry imports out themselves. The image stays `queued`, the task pending.
 */
export function takeImport(image: ImageRecord, { caller, requestId }: GlanceRequest, import_req: Json): void {
  const now = new Date().toISOString().replace('Z', '000');
  const id = randomUUID();
  image.properties.set('os_glance_import_task', id);
  image.tasks.push({
    ...{ id, type: 'api_image_import', status: 'pending', owner: caller.project?.id ?? null },
    ...{ expires_at: null, created_at: now, updated_at: now, deleted_at: null, deleted: false },
    ...{ image_id: image.id, request_id: requestId, user_id: caller.userId },
    ...{ input: { image_id: image.id, import_req, backend: [null] }, result: null, message: '' },
  });
}

function checkStatus({ status }: ImageRecord, method: string): void {
  if (status === 'active' && method !== 'copy-image')
    throw conflict('Image with status active cannot be target for import');
  if (status !== 'active' && method === 'copy-image')
    throw conflict('Only images with status active can be targeted for copying');
  if (status !== 'queued' && (method === 'web-download' || method === 'glance-download'))
    throw conflict(`Image needs to be in 'queued' state to use '${method}' method`);
  if (method === 'glance-direct')
    throw conflict("Image needs to be staged before 'glance-direct' method can be used");
}

function checkSource(method: JsonObject): void {
  for (const field of ['glance_region', 'glance_image_id'])
    if (method[field] === undefined)
      throw badRequest(`'${field}' needs to be set for glance-download import method`);
  const id = method['glance_image_id'];
  if (typeof id !== 'string') throw serverError();
  if (!uuid.test(id)) throw badRequest(`Remote image id does not look like a UUID: ${id}`);
}
