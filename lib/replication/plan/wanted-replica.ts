import type { Policy, PolicyTarget } from '../policy/policy.ts';
import { hashText, type ImageFacts, type Visibility } from '../record/image-facts.ts';
import { projectThere } from '../record/our-mark.ts';
import type { Provenance } from '../record/provenance.ts';
import { carriedProperties, isCarried } from './carried-properties.ts';
import type { WantedReplica } from './change.ts';

const GiB = 1024 ** 3;

/** Nova's own word, and that of `openstack server backup create`. */
export const isSnapshot = ({ properties }: ImageFacts): boolean =>
  properties['image_type'] === 'snapshot' || properties['image_type'] === 'backup';

/**
 * What an image has in common with its predecessors and successors: the name that their replicas have; snapshots their
 * instance, since their names are anybody's, unless it is names that make a replica.
 */
export const familyOf = (source: ImageFacts, { identity, set }: Pick<Policy, 'identity' | 'set'>): string =>
  (identity !== 'name' && isSnapshot(source) && source.properties['instance_uuid']) ||
  (set.name ?? (source.name || source.id));

/** GiB. With less than its virtual size Nova accepts a flavour that the image does not fit into, and fails late. */
const minDiskOf = ({ minDisk, virtualSize, diskFormat, size = 0 }: ImageFacts): number =>
  Math.max(minDisk, Math.ceil((virtualSize ?? (diskFormat === 'raw' ? size : 0)) / GiB));

const tagsOf = ({ tags }: ImageFacts, { synced, set }: Policy): readonly string[] | undefined =>
  synced.tags || set.tags ? [...new Set([...(synced.tags ? tags : []), ...(set.tags ?? [])])] : undefined;

const membersOf = (
  source: ImageFacts,
  { synced, set }: Policy,
  { projects }: PolicyTarget,
): readonly string[] | undefined => {
  const theirs = synced.members
    ? source.members?.map((project) => projectThere(projects, project) ?? project)
    : undefined;
  return theirs || set.members ? [...new Set([...(theirs ?? []), ...(set.members ?? [])])] : undefined;
};

/** When an image was made, as Glance writes it. */
export const madeAt = ({ createdAtMs }: ImageFacts): string =>
  new Date(createdAtMs).toISOString().replace('.000Z', 'Z');

const provenanceOf = (source: ImageFacts, policy: Policy): Provenance => ({
  sourceRegion: source.region,
  sourceId: source.id,
  sourceHash: hashText(source),
  sourceCreatedAt: madeAt(source),
  policy: policy.name,
  family: familyOf(source, policy),
});

/**
 * What the replica of an image is to be in one target region, but for its bytes. Of whatever makes a snapshot Nova's own in
 * its region nothing is left, only its family tells the instance.
 */
export const wantedReplica = (source: ImageFacts, policy: Policy, target: PolicyTarget): WantedReplica => {
  const { synced, set } = policy;
  const isSynced = isCarried(synced.properties);
  const visibility: Visibility = synced.visibility === 'source' ? source.visibility : synced.visibility;
  const isProtected = set.isProtected ?? (synced.protection ? source.isProtected : undefined);
  const isHidden = set.isHidden ?? (synced.hidden ? source.isHidden : undefined);
  const tags = tagsOf(source, policy);
  const members = visibility === 'shared' ? membersOf(source, policy, target) : undefined;
  const owner = projectThere(target.projects, source.owner);
  return {
    name: set.name ?? source.name,
    visibility,
    ...(owner !== undefined && { owner }),
    ...(isProtected !== undefined && { isProtected }),
    ...(isHidden !== undefined && { isHidden }),
    ...(tags && { tags }),
    properties: { ...carriedProperties(source.properties, isSynced), ...set.properties },
    isSynced,
    ...(members && { members }),
    minDisk: minDiskOf(source),
    minRam: source.minRam,
    provenance: provenanceOf(source, policy),
  };
};
