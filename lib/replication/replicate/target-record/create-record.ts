import type { CloudRegion } from '../../../clouds/cloud.ts';
import { hasCode } from '../../../errors.ts';
import type { ImageId } from '../../../schemas/ids.ts';
import type { GlanceImage } from '../../../schemas/openstack.ts';
import type { WantedReplica } from '../../plan/change.ts';
import type { PolicyTarget, ReplicaIdentity } from '../../policy/policy.ts';
import { factsOf } from '../../record/facts-of.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import { hasOurMark } from '../../record/our-mark.ts';
import { copiedAtName, provenanceProperties } from '../../record/provenance.ts';
import { replicaId } from '../../record/replica-id.ts';
import { noIdIsFree, type TakenId, takenBy } from '../../record/taken-ids.ts';

interface Options {
  readonly signal: AbortSignal;
}

export interface NewRecord {
  readonly wanted: WantedReplica;
  readonly identity: ReplicaIdentity;
  /** With its formats: a deployment with API_CONTRACT=glance takes no import of a record without them, as Glance does. */
  readonly source: ImageFacts;
  readonly target: PolicyTarget;
}

/** Ids are taken by replicas that were deleted, and by anybody who knows how they are made: it shall be no cheap trick. */
const mostAttempts = 100;

/** What Glance creates: nobody but our project sees it before it has all that it is to have, its owner as well. */
const recordOf = ({ wanted, source: { diskFormat, containerFormat } }: NewRecord) => ({
  ...wanted.properties,
  ...provenanceProperties(wanted.provenance),
  [copiedAtName]: new Date().toISOString(),
  name: wanted.name,
  tags: wanted.tags ?? [],
  min_disk: wanted.minDisk,
  min_ram: wanted.minRam,
  ...(diskFormat && { disk_format: diskFormat }),
  ...(containerFormat && { container_format: containerFormat }),
  visibility: 'private',
});

/** Anybody may write our properties on an image of his own. */
const isReplica = (image: GlanceImage, { source, target }: NewRecord, to: CloudRegion): boolean => {
  const facts = factsOf(to.region, image);
  const sourceOf = (id: ImageId) => (id === source.id ? source : undefined);
  return (
    hasOurMark(facts, { ...target, own: to.identity.projectId }, sourceOf) &&
    facts.provenance.sourceId === source.id &&
    facts.provenance.sourceRegion === source.region
  );
};

/** @returns undefined for an id whose image is gone, or not to be seen */
const whoHas = async ({ images }: CloudRegion, id: ImageId, options: Options) => {
  try {
    return await images.image(id, options);
  } catch (error) {
    if (hasCode(error, 'not-found', 'forbidden')) return undefined;
    throw error;
  }
};

/** @returns the record, of whoever was first; or whose the id is, or was */
const createAs = async (
  to: CloudRegion,
  id: ImageId,
  record: NewRecord,
  options: Options,
): Promise<{ readonly created: GlanceImage } | TakenId> => {
  try {
    return { created: await to.images.create({ ...recordOf(record), id }, options) };
  } catch (error) {
    if (!hasCode(error, 'conflict')) throw error;
    const there = await whoHas(to, id, options);
    return there && isReplica(there, record, to) ? { created: there } : { id, by: takenBy(there, to) };
  }
};

/** The ids that the record may have, in order. */
const idsFor = ({ wanted, identity }: NewRecord, to: CloudRegion): readonly ImageId[] => {
  const { sourceRegion, sourceId } = wanted.provenance;
  if (identity === 'id') return [sourceId];
  const of = { sourceRegion, sourceId, targetRegion: to.region, projectId: to.identity.projectId };
  return Array.from({ length: mostAttempts }, (_, attempt) => replicaId(of, attempt));
};

/**
 * Creates a replica's record, with an id that everybody who wants the same replica comes to: of several at the same moment,
 * and of one whose answer got lost, Glance lets one through. An id that was used before, by whomever, is passed over.
 * @returns the record, of whoever was first
 * @throws FerryError `conflict` where no id is free, with what is known of who has them
 */
export const createRecord = async (
  to: CloudRegion,
  record: NewRecord,
  options: Options,
): Promise<GlanceImage> => {
  const taken: TakenId[] = [];
  for (const id of idsFor(record, to)) {
    const tried = await createAs(to, id, record, options);
    if ('created' in tried) return tried.created;
    taken.push(tried);
  }
  throw noIdIsFree(record.wanted.provenance, to, taken);
};
