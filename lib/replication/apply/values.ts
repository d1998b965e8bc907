import type { PatchOperation } from '../../openstack/glance/glance.ts';
import { pointer } from '../../properties/changes.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Value } from '../plan/change.ts';
import { isSameValue } from '../plan/same-value.ts';

/** Attributes and properties by Glance's names. */
export type Values = Readonly<Record<string, Value>>;

const currentOf = (image: GlanceImage, name: string): unknown =>
  Object.hasOwn(image, name) ? image[name] : undefined;

/** Names of those values that the image does not have. */
export const differing = (image: GlanceImage, values: Values): readonly string[] =>
  Object.entries(values)
    .filter(([name, value]) => !isSameValue(currentOf(image, name), value))
    .map(([name]) => name);

/**
 * `add` also replaces what is there (RFC 6902 4.1), so it may be sent again when its answer got lost. An owner is replaced:
 * of that operation alone Glance asks whether one may give the image away (glance/api/v2/images.py, _do_replace).
 */
const operationFor = (name: string, value: Value): PatchOperation => {
  const path = pointer(name);
  if (value === null) return { op: 'remove', path };
  return { op: name === 'owner' ? 'replace' : 'add', path, value };
};

/** The PATCH that gives the image these values, of those that it does not have yet; none where it has them all. */
export const operationsFor = (image: GlanceImage, values: Values): readonly PatchOperation[] =>
  differing(image, values).map((name) => operationFor(name, values[name] ?? null));
