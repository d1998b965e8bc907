import type { CloudRegion } from '../../../clouds/cloud.ts';
import type { ReplicaIdentity } from '../../policy/policy.ts';
import { factsOf } from '../../record/facts-of.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import { provenanceNames } from '../../record/provenance.ts';

interface Options {
  readonly signal: AbortSignal;
}

type Source = Pick<ImageFacts, 'region' | 'id'>;

/** Glance's statuses of a record that has no data yet, or not all of it. */
export const becoming = ['queued', 'saving', 'uploading', 'importing'];

/** What our project has of one source, with data or without, the oldest first. */
export const replicasOf = async (
  { region, images, identity: { projectId } }: CloudRegion,
  source: Source,
  identity: ReplicaIdentity,
  options: Options,
): Promise<readonly ImageFacts[]> => {
  const named = { [provenanceNames.sourceRegion]: source.region, [provenanceNames.sourceId]: source.id };
  const found = new Map<string, ImageFacts>();
  for (const hidden of [{}, { os_hidden: 'true' }])
    for await (const page of images.list({ ...named, ...hidden, owner: projectId }, options))
      for (const image of page) found.set(image.id, factsOf(region, image));
  return [...found.values()]
    .filter(({ id }) => identity !== 'id' || id === source.id)
    .sort((one, other) => one.createdAtMs - other.createdAtMs || (one.id < other.id ? -1 : 1));
};

/** @param replicas the oldest first: of several records everybody means the same */
export const pendingAmong = (replicas: readonly ImageFacts[]): ImageFacts | undefined =>
  replicas.find(({ status }) => becoming.includes(status));

/**
 * The record that is to be an image's replica, and has no data yet. It is asked for often while an import runs, so for this
 * image alone.
 */
export const findPending = async (
  to: CloudRegion,
  source: Source,
  identity: ReplicaIdentity,
  options: Options,
): Promise<ImageFacts | undefined> => pendingAmong(await replicasOf(to, source, identity, options));
