import { isCustomProperty, isReserved } from '../../properties/copied.ts';
import { ferryPrefix } from '../record/provenance.ts';

/**
 * Whether somebody may ask for a property of this name on a replica. Attributes such as `visibility` or `os_hidden` are set
 * last, once the image is as it is to be, and by settings of their own; `os_glance…` is Glance's, `ferry_…` is ours.
 */
export const isSettable = (name: string): boolean =>
  isCustomProperty([name, '']) && !isReserved(name) && !name.startsWith(ferryPrefix);

/** @returns the sentence for the first of these names that may not be asked for */
export const refusalOfProperties = (
  properties: Readonly<Record<string, string>> = {},
): string | undefined => {
  const name = Object.keys(properties).find((one) => !isSettable(one));
  if (name === undefined) return undefined;
  return isCustomProperty([name, ''])
    ? `a property cannot be called ${name}`
    : `${name} is an attribute that every image has, and no property`;
};
