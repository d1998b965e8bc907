import { FerryError } from '../errors.ts';
import { trustAlso } from '../http/trust.ts';
import { innermostReason } from '../innermost-reason.ts';
import type { Cloud } from './cloud.ts';

/** For messages. */
export const titleOf = ({ name }: Pick<Cloud, 'name'>): string =>
  name === '' ? "this deployment's own cloud" : `cloud ${name}`;

/** Its private CA is trusted from now on. @throws FerryError `misconfigured` for a file that cannot be read */
export const trustCloud = (cloud: Pick<Cloud, 'name' | 'cacert'>): void => {
  if (cloud.cacert === undefined) return;
  try {
    trustAlso(cloud.cacert);
  } catch (cause) {
    const reason = `the cacert of ${titleOf(cloud)} cannot be used: ${innermostReason(cause)}`;
    throw new FerryError('misconfigured', reason, { cause });
  }
};
