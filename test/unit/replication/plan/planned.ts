import type { Change, Inventory } from '../../../../lib/replication/plan/change.ts';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import { type Provenance, provenanceProperties } from '../../../../lib/replication/record/provenance.ts';
import { image, imageId, noon, north, policy, south } from '../images.ts';

/** An inventory of SOUTH and NORTH. */
export const world = (
  source: readonly ImageFacts[],
  there: readonly ImageFacts[] = [],
  parts: Partial<Inventory> = {},
): Inventory => ({
  atMs: noon,
  source,
  targets: new Map([[north, there]]),
  owners: new Map([[north, 'ferry']]),
  failed: new Map(),
  ...parts,
});

/** In NORTH, the replica of an image as the policy `public` has made it, whose id is `r-` and the source's. */
export const replica = (
  source: ImageFacts,
  facts: Partial<ImageFacts> = {},
  origin: Partial<Provenance> = {},
): ImageFacts => {
  const provenance: Provenance = {
    sourceRegion: south,
    sourceId: source.id,
    sourceHash: `sha512:${source.hash?.value ?? ''}`,
    sourceCreatedAt: new Date(source.createdAtMs).toISOString().replace('.000Z', 'Z'),
    policy: 'public',
    family: source.name,
    ...origin,
  };
  const properties = { ...(facts.properties ?? source.properties), ...provenanceProperties(provenance) };
  return {
    ...source,
    region: north,
    id: imageId(`r-${source.id}`),
    owner: 'ferry',
    // As a target has it that converts its bytes.
    hash: { algorithm: 'sha512', value: `raw-${source.id}` },
    ...facts,
    properties,
    provenance,
  };
};

const detail = (change: Change): string => {
  if (change.kind === 'copy') return change.record ? ` into ${change.record}` : '';
  if (change.kind === 'update') return ` ${JSON.stringify(change.set)}`;
  if (change.kind === 'members') return ` +${change.add.join()} -${change.remove.join()}`;
  if (change.kind === 'publish' || change.kind === 'unpublish') return ` ${change.visibility}`;
  if (change.kind === 'rename') return ` to ${change.to}`;
  if (change.kind === 'skip') return `${change.isError ? ' as an error' : ''}: ${change.reason}`;
  return '';
};

/** A plan in short lines. */
export const lines = (changes: readonly Change[]): readonly string[] =>
  changes.map((change) => `${change.kind} ${change.image}${detail(change)}`);

/** What is planned for these images of SOUTH and NORTH. */
export const planned = (
  parts: Partial<Policy>,
  source: readonly ImageFacts[],
  there: readonly ImageFacts[] = [],
): readonly string[] => lines(planSync(policy(parts), world(source, there)));

export { image };
