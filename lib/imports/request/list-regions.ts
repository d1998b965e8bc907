import type { RegionName } from '../../schemas/ids.ts';
import type { Asking, Targets } from '../access/targets.ts';

/** GET /regions: where each region is served. */
export interface RegionsView {
  readonly regions: readonly {
    readonly name: RegionName;
    readonly links: readonly { readonly rel: 'self'; readonly href: string }[];
  }[];
}

/**
 * The regions that this deployment serves to this caller, by name, each with the URL that clients take for its Glance.
 * @param urlOf that URL
 */
export const createListRegions =
  ({ targets }: { readonly targets: Targets }) =>
  async (asking: Asking, urlOf: (region: RegionName) => string): Promise<RegionsView> => {
    const names = await targets.list(asking);
    return { regions: names.map((name) => ({ name, links: [{ rel: 'self', href: urlOf(name) }] })) };
  };
