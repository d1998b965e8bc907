import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { isSameRegion } from '../../openstack/catalog.ts';
import type { Policy } from '../policy/policy.ts';
import type { PolicyFiles } from '../policy/policy-files.ts';

/** Those of a deployment. */
export interface Policies {
  /** @throws FerryError `bad-request` for one that there is not, with the names of those there are */
  named(name: string): Policy;
  /** With images of this region as their sources, in whatever case they spell it. */
  of(sourceRegion: string): readonly Policy[];
}

/** @param broken files that say none, with the reason */
export const policiesOf = ({ policies: all, broken }: PolicyFiles): Policies => ({
  named: (name) => {
    const found = all.find((policy) => policy.name === name);
    if (found) return found;
    const reasons = broken.map(({ reason }) => `; broken: ${reason}`).join('');
    const names = all.map((policy) => policy.name).join(', ') || 'none';
    throw new FerryError('bad-request', `There is no policy ${echo(name)}; policies: ${names}${reasons}`);
  },
  of: (region) => all.filter(({ source }) => isSameRegion(source.region, region)),
});
