import type { Properties } from '../state/task.ts';
import { isReserved } from './copied.ts';

/**
 * What the operator adds to every import (`[inject_metadata_properties]`), unless the caller has an ignored role.
 * Reserved names are dropped as in Glance's inject_image_metadata plugin.
 */
export const injectedProperties = (
  inject: Properties,
  {
    ignoreUserRoles,
    callerRoles,
  }: { readonly ignoreUserRoles: readonly string[]; readonly callerRoles: readonly string[] },
): Properties =>
  callerRoles.some((role) => ignoreUserRoles.includes(role))
    ? {}
    : Object.fromEntries(Object.entries(inject).filter(([name]) => !isReserved(name)));
