import { randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Id of a Glance image record. */
export type ImageId = Branded<'ImageId'>;
/** Id of one import, as in Glance's task list. */
export type TaskId = Branded<'TaskId'>;
/** Id of one invocation's try at a step. */
export type AttemptId = Branded<'AttemptId'>;
/** A Keystone token. Never logged, never in a message or an error. */
export type Token = Branded<'Token'>;
/** `req-<uuid>`, what Glance answers in `x-openstack-request-id`. */
export type RequestId = Branded<'RequestId'>;

export const newTaskId = (): TaskId => randomUUID() as TaskId;
export const newAttemptId = (): AttemptId => randomUUID() as AttemptId;

/**
 * An image id in its canonical form, from any spelling that Python's `uuid.UUID()` accepts, since that is what
 * Glance checks with (glance/api/v2/images.py): braces, `urn:uuid:`, no dashes, upper case. What Python's `int()`
 * lets through beside hex digits (`0x`, `+`, `_`, blanks) names no image.
 * @returns undefined when it is none of these.
 */
export const parseImageId = (text: string): ImageId | undefined => {
  // Lib/uuid.py: hex.replace('urn:', '').replace('uuid:', '').strip('{}').replace('-', '')
  const hex = text
    .replaceAll('urn:', '')
    .replaceAll('uuid:', '')
    .replace(/^[{}]+|[{}]+$/g, '')
    .replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) return undefined;
  return hex.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as ImageId;
};
