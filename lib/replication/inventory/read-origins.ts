import type { CloudRegion } from '../../clouds/cloud.ts';
import type { RegionName } from '../../schemas/ids.ts';
import { factsOf } from '../record/facts-of.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { listed } from './lists.ts';
import { idQueries } from './queries.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Anybody may have written it: it is to be an id, and not a list of them. */
const isId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/**
 * Sources that images of other projects name, and that no list of the policy's has: one that is private by now, say, still
 * proves that its replica is ours.
 * @param claims images of a target region with a mark that is to be proven
 */
export const readOrigins = async (
  at: CloudRegion,
  region: RegionName,
  known: readonly ImageFacts[],
  claims: readonly ImageFacts[],
  options: Options,
): Promise<readonly ImageFacts[]> => {
  const listedAlready = new Set<string>(known.map(({ id }) => id));
  const ids = claims.flatMap(({ provenance }) =>
    provenance?.sourceRegion === region && isId(provenance.sourceId) ? provenance.sourceId : [],
  );
  const missing = [...new Set(ids)].filter((id) => !listedAlready.has(id));
  const records = await listed(at, idQueries(missing), options);
  return records.map((record) => factsOf(region, record));
};
