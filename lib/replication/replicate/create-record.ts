import type { CloudRegion } from '../../clouds/cloud.ts';
import { FerryError, hasCode } from '../../errors.ts';
import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { WantedReplica } from '../plan/change.ts';
import type { ReplicaIdentity } from '../policy/policy.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { copiedAtName, provenanceNames, provenanceProperties } from '../record/provenance.ts';
import { replicaId } from '../record/replica-id.ts';

interface Options {
  readonly signal: AbortSignal;
}

export interface NewRecord {
  readonly wanted: WantedReplica;
  readonly identity: ReplicaIdentity;
  /** Of the source. A deployment with API_CONTRACT=glance takes no import of a record without them, as Glance does. */
  readonly formats: Pick<ImageFacts, 'diskFormat' | 'containerFormat'>;
}

/** Ids are taken by replicas that were deleted, and by anybody who knows how they are made: it shall be no cheap trick. */
const mostAttempts = 100;

/** What Glance creates: nobody but its project sees it before it has all that it is to have. */
const recordOf = ({ wanted, formats: { diskFormat, containerFormat } }: NewRecord) => ({
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
const isOurs = (image: GlanceImage, { provenance }: WantedReplica, projectId: string): boolean =>
  image['owner'] === projectId &&
  image[provenanceNames.sourceId] === provenance.sourceId &&
  image[provenanceNames.sourceRegion] === provenance.sourceRegion;

/** @returns undefined for an id whose image is gone, or not to be seen */
const whoHas = async ({ images }: CloudRegion, id: ImageId, options: Options) => {
  try {
    return await images.image(id, options);
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined;
    throw error;
  }
};

/** @returns the record, of whoever was first; undefined where the id is, or was, another image's */
const createAs = async (to: CloudRegion, id: ImageId, record: NewRecord, options: Options) => {
  try {
    return await to.images.create({ ...recordOf(record), id }, options);
  } catch (error) {
    if (!hasCode(error, 'conflict')) throw error;
    const there = await whoHas(to, id, options);
    return there && isOurs(there, record.wanted, to.identity.projectId) ? there : undefined;
  }
};

/**
 * Creates a replica's record, with an id that everybody who wants the same replica comes to: of several at the same moment,
 * and of one whose answer got lost, Glance lets one through.
 * @returns the record, of whoever was first
 * @throws FerryError `conflict` where the id of the source cannot be given
 */
export const createRecord = async (
  to: CloudRegion,
  record: NewRecord,
  options: Options,
): Promise<GlanceImage> => {
  const { wanted, identity } = record;
  const { sourceRegion, sourceId } = wanted.provenance;
  const of = { sourceRegion, sourceId, targetRegion: to.region, projectId: to.identity.projectId };
  const attempts = Array.from({ length: mostAttempts }, (_, attempt) => replicaId(of, attempt));
  for (const id of identity === 'id' ? [sourceId] : attempts) {
    const created = await createAs(to, id, record, options);
    if (created) return created;
  }
  const reason =
    identity === 'id'
      ? 'its id is, or was, that of another image there, and Glance gives none twice'
      : `${mostAttempts} ids for it are taken: by its replica, deleted so often, or by images that others have made`;
  throw new FerryError('conflict', `Image ${sourceId} cannot be in region ${to.region}: ${reason}`);
};
