import { type Caller, mayChangeOwner, mayPublish, mustOwn, mustSee } from './access.ts';
import { checkPropertyQuota, isBase, setAttribute } from './attributes.ts';
import { accessDenied, forbidden, propertyConflict } from './errors.ts';
import type { Change } from './json-patch.ts';
import type { ImageRecord } from './record.ts';
import { save } from './repository.ts';

/**
 * Applies all changes or none.
 * An empty list asks for no right and changes nothing, as in Glance.
 * @throws GlanceError 400, 403, 409 or 413 in Glance's words
 */
export function applyChanges(image: ImageRecord, changes: readonly Change[], caller: Caller): void {
  const draft: ImageRecord = { ...image, properties: new Map(image.properties) };
  for (const change of changes) applyChange(draft, change, caller);
  checkPropertyQuota(draft);
  if (changes.length === 0) return;
  mustSee(caller, draft);
  save(image, draft);
}

function applyChange(image: ImageRecord, change: Change, caller: Caller): void {
  if (change.name === 'locations') refuseLocations(change);
  appliers[change.operation](image, change, caller);
}

const appliers = { add, remove, replace };

function add(image: ImageRecord, { name, value, draft }: Change, caller: Caller): void {
  checkRights(image, name, value, caller);
  if (draft === 4 && exists(image, name)) throw propertyConflict(`Property ${name} already present.`);
  setAttribute(image, name, value);
}

function replace(image: ImageRecord, { name, value }: Change, caller: Caller): void {
  if (name === 'owner') mayChangeOwner(caller);
  checkRights(image, name, value, caller);
  if (!exists(image, name)) throw propertyConflict(`Property ${name} does not exist.`);
  setAttribute(image, name, value);
}

function remove(image: ImageRecord, { name }: Change, caller: Caller): void {
  mustOwn(caller, image);
  if (isBase(name)) throw accessDenied(`Property ${name} may not be removed.`);
  if (!image.properties.delete(name)) throw propertyConflict(`Property ${name} does not exist.`);
}

function checkRights(image: ImageRecord, name: string, value: unknown, caller: Caller): void {
  if (name === 'visibility') mayPublish(caller, value);
  mustOwn(caller, image);
}

const exists = (image: ImageRecord, name: string): boolean => isBase(name) || image.properties.has(name);

/** With show_multiple_locations = False, Glance's default. */
function refuseLocations({ operation, value }: Change): never {
  if (operation === 'replace' && (!Array.isArray(value) || value.length === 0))
    throw accessDenied('Cannot set locations to empty list.');
  throw forbidden(`It's not allowed to ${operation} locations if locations are invisible.`);
}
