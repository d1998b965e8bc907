import { FerryError } from '../errors.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import type { Properties, Task } from '../state/task.ts';
import { copiedProperties } from './copied.ts';
import { injectedProperties } from './injected.ts';

/** The operator's rules for an import's properties. */
export interface PropertyRules {
  /** Prefixes of the properties that are copied. */
  readonly prefixes: readonly string[];
  readonly inject: Properties;
  readonly ignoreUserRoles: readonly string[];
}

const formatsOf = ({ disk_format, container_format }: GlanceImage): Properties => ({
  ...(disk_format && { disk_format }),
  ...(container_format && { container_format }),
});

/**
 * What the target gets: the source's formats and prefixed properties, then the injected ones, which win. Without a
 * source record (web-download) the injected ones alone. What a replica has of its source's properties its policy says, so an
 * import with the deployment's own rights copies none.
 */
export const wantedProperties = (
  source: GlanceImage | undefined,
  { roles, cloud }: Pick<Task, 'roles' | 'cloud'>,
  { prefixes, inject, ignoreUserRoles }: PropertyRules,
): Properties => ({
  ...(source && cloud === undefined && copiedProperties(source, prefixes)),
  ...(source && formatsOf(source)),
  ...injectedProperties(inject, { ignoreUserRoles, callerRoles: roles }),
});

/**
 * Bytes, as JSON, of the properties that an import sets, and of those that it replaces: it keeps both in its record,
 * which DynamoDB limits to 400 KB.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items
 */
export const mostKept = 120 * 1024;

/** @throws FerryError `limit-exceeded` for properties that an import cannot keep */
export const requireKeepable = (what: string, properties: Readonly<Record<string, unknown>>): void => {
  const bytes = Buffer.byteLength(JSON.stringify(properties));
  if (bytes <= mostKept) return;
  throw new FerryError('limit-exceeded', `${what} take ${bytes} bytes, an import keeps ${mostKept} at most`);
};
