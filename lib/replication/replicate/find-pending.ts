import type { CloudRegion } from '../../clouds/cloud.ts';
import type { ReplicaIdentity } from '../policy/policy.ts';
import { factsOf } from '../record/facts-of.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { provenanceNames } from '../record/provenance.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Glance's statuses of a record that has no data yet, or not all of it. */
export const becoming = ['queued', 'saving', 'uploading', 'importing'];

/**
 * The record that is to be an image's replica, and has no data yet: of several the oldest, so that everybody means the same.
 * It is asked for often while an import runs, so for this image alone.
 */
export const findPending = async (
  { region, images, identity: { projectId } }: CloudRegion,
  source: Pick<ImageFacts, 'region' | 'id'>,
  identity: ReplicaIdentity,
  options: Options,
): Promise<ImageFacts | undefined> => {
  const named = { [provenanceNames.sourceRegion]: source.region, [provenanceNames.sourceId]: source.id };
  const found: ImageFacts[] = [];
  for (const hidden of [{}, { os_hidden: 'true' }])
    for await (const page of images.list({ ...named, ...hidden, owner: projectId }, options))
      found.push(...page.map((image) => factsOf(region, image)));
  return found
    .filter(({ id, status }) => becoming.includes(status) && (identity !== 'id' || id === source.id))
    .sort((one, other) => one.createdAtMs - other.createdAtMs || (one.id < other.id ? -1 : 1))[0];
};
