import { randomUUID } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Id of a Glance image record. */
export type ImageId = Branded<'ImageId'>;
/** Id of one import, as in Glance's task list. */
export type TaskId = Branded<'TaskId'>;
/** A region of Keystone's catalog, as Keystone spells it. */
export type RegionName = Branded<'RegionName'>;
/** Id of a copy: the same for the same bytes of the same source, asked for by the same project. */
export type CopyId = Branded<'CopyId'>;
/** Which making of a copy. */
export type Generation = Branded<'Generation'>;
/** Id of one invocation's try at a step. */
export type AttemptId = Branded<'AttemptId'>;
/** A Keystone token. Never logged, never in a message or an error. */
export type Token = Branded<'Token'>;
/** `req-<uuid>`, what Glance answers in `x-openstack-request-id`. */
export type RequestId = Branded<'RequestId'>;

export const newTaskId = (): TaskId => randomUUID() as TaskId;
export const newGeneration = (): Generation => randomUUID() as Generation;
export const newAttemptId = (): AttemptId => randomUUID() as AttemptId;

/** No spelling of a UUID needs more; what is longer is not looked at. */
const longestSpelling = 255;

const isBrace = (character: string | undefined): boolean => character === '{' || character === '}';

/** Python's `strip('{}')`. A regular expression for it takes quadratic time over braces in the middle. */
const withoutBraces = (text: string): string => {
  let [start, end] = [0, text.length];
  while (start < end && isBrace(text[start])) start += 1;
  while (start < end && isBrace(text[end - 1])) end -= 1;
  return text.slice(start, end);
};

/**
 * An image id in its canonical form, from any spelling that Python's `uuid.UUID()` accepts, since that is what
 * Glance checks with (glance/api/v2/images.py): braces, `urn:uuid:`, no dashes, upper case. What Python's `int()`
 * lets through beside hex digits (`0x`, `+`, `_`, blanks) names no image.
 * @returns undefined when it is none of these, or longer than 255 characters
 */
export const parseImageId = (text: string): ImageId | undefined => {
  if (text.length > longestSpelling) return undefined;
  // Lib/uuid.py: hex.replace('urn:', '').replace('uuid:', '').strip('{}').replace('-', '')
  const hex = withoutBraces(text.replaceAll('urn:', '').replaceAll('uuid:', '')).replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) return undefined;
  return hex.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as ImageId;
};
