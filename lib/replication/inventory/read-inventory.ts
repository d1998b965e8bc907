import type { Clouds } from '../../clouds/cloud.ts';
import { asFerryError } from '../../errors.ts';
import type { RegionName } from '../../schemas/ids.ts';
import type { Inventory } from '../plan/change.ts';
import type { Policy } from '../policy/policy.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { readOrigins } from './read-origins.ts';
import { readPredecessors } from './read-predecessors.ts';
import { readRelatives } from './read-relatives.ts';
import { mayBeSelected, readSource } from './read-source.ts';
import { readTarget } from './read-target.ts';

interface Options {
  readonly signal: AbortSignal;
}

interface InventoryOptions extends Options {
  /** ms since 1970. */
  readonly atMs: number;
  /** The source's images, where they are not to be read. */
  readonly known?: readonly ImageFacts[];
}

/**
 * What a plan is made of: the source's images that may be selected, and in each target region the replicas of the source
 * region that are ours, and who stands in the way of those that are missing. Regions are read side by side; one that fails
 * is told in `failed`.
 * Of images in sync it costs two lists a region (the hidden ones are a list of their own), and a request for the members of
 * each shared one where a policy looks at members; two more lists for each project to which the policy gives replicas, and two
 * for some fifty of its images whose sources are none of the policy's any more.
 * @throws the signal's reason
 */
export const readInventory = async (
  clouds: Pick<Clouds, 'region'>,
  policy: Policy,
  { signal, atMs, known }: InventoryOptions,
): Promise<Inventory> => {
  const [failed, owners, targets] = [
    new Map<RegionName, string>(),
    new Map<RegionName, string>(),
    new Map<RegionName, readonly ImageFacts[]>(),
  ];
  /** @returns undefined for a region that cannot be read */
  const tried = async <T>(region: RegionName, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      signal.throwIfAborted();
      failed.set(region, asFerryError(error).explanation);
      return undefined;
    }
  };

  const source =
    known ??
    (await tried(policy.source.region, async () =>
      readSource(await clouds.region(policy.source.region, { signal }), policy, { signal }),
    ));
  if (!source) return { atMs, source: [], targets, owners, failed };
  const selected = source.filter(mayBeSelected(policy));
  await Promise.all(
    policy.targets.map(({ region }) =>
      tried(region, async () => {
        const at = await clouds.region(region, { signal });
        targets.set(region, await readTarget(at, region, policy, selected, { signal }));
        owners.set(region, at.identity.projectId);
      }),
    ),
  );
  const replicas = [...targets.values()].flat();
  const claims = replicas.filter((one) => one.provenance && one.owner !== owners.get(one.region));
  const further = await tried(policy.source.region, async () => {
    const at = await clouds.region(policy.source.region, { signal });
    const predecessors = await readPredecessors(at, policy, source, replicas, { signal });
    // Of a source that is gone its policy's conditions tell nothing any more, so neither do they of others.
    const [image] = known ? [] : source;
    const relatives = image ? await readRelatives(at, policy, image, replicas, { signal }) : [];
    const others = [...predecessors, ...relatives];
    const origins = await readOrigins(at, policy.source.region, [...source, ...others], claims, { signal });
    return [...others, ...origins];
  });
  return { atMs, source: [...source, ...(further ?? [])], targets, owners, failed };
};
