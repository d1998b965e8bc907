import type { Glance } from '../cloud/openstack/glance/glance.ts';
import type { Deployment } from './deployment.ts';

export const sourceRegion = 'REGION1';

/** One for each of eight imports, and for a ninth that joins them. */
export const targetRegions = Array.from({ length: 9 }, (_, index) => `REGION${index + 2}`);

/** Of the other cloud, whose Keystone knows nothing of the first one's. */
export const otherRegion = 'NORTH';

/** Regions whose images the deployment imports into; the first one is its own. */
export const servedRegions: readonly string[] = targetRegions;

export const sourceGlance = ({ cloud }: Pick<Deployment, 'cloud'>): Glance =>
  cloud.openstack.region(sourceRegion);

export const targetGlance = (
  { cloud, otherCloud }: Pick<Deployment, 'cloud' | 'otherCloud'>,
  { region }: { readonly region: string },
): Glance => (region === otherRegion ? otherCloud : cloud.openstack).region(region);
