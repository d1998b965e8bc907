import type { ImageId } from '../../schemas/ids.ts';
import type { Properties } from '../../state/task.ts';

/**
 * Where a replica comes from, kept as properties on it. Hashes alone do not tell: a target whose import plugins convert
 * (qcow2 to raw for Ceph) stores other bytes. Only images that carry it are ever changed, hidden or removed by us.
 */
export interface Provenance {
  readonly sourceRegion: string;
  readonly sourceId: ImageId;
  /** `sha512:<hex>`; empty where the source has no hash. */
  readonly sourceHash: string;
  /** When the source was made, as Glance writes it: what "older" means of replicas. Empty where nobody knows. */
  readonly sourceCreatedAt: string;
  /** Name of the policy; empty for a single request. */
  readonly policy: string;
  /** What successors have in common: a name, an instance of which they are snapshots. */
  readonly family: string;
}

/** The properties' names, documented in docs/replication.md. */
export const provenanceNames = {
  sourceRegion: 'ferry_source_region',
  sourceId: 'ferry_source_id',
  sourceHash: 'ferry_source_hash',
  sourceCreatedAt: 'ferry_source_created_at',
  policy: 'ferry_policy',
  family: 'ferry_family',
} as const satisfies Record<keyof Provenance, string>;

/** When the copy was asked for: written with the record, and never looked at or changed again. */
export const copiedAtName = 'ferry_copied_at';

/** Every property of ours begins so, and is never copied from a source. */
export const ferryPrefix = 'ferry_';

export const provenanceProperties = (provenance: Provenance): Properties =>
  Object.fromEntries(
    Object.entries(provenanceNames).map(([key, name]) => [name, provenance[key as keyof Provenance]]),
  );

/** @returns undefined for an image that is none of ours */
export const provenanceIn = (properties: Properties): Provenance | undefined => {
  const { [provenanceNames.sourceRegion]: sourceRegion, [provenanceNames.sourceId]: sourceId } = properties;
  if (!sourceRegion || !sourceId) return undefined;
  return {
    sourceRegion,
    sourceId: sourceId as ImageId,
    sourceHash: properties[provenanceNames.sourceHash] ?? '',
    sourceCreatedAt: properties[provenanceNames.sourceCreatedAt] ?? '',
    policy: properties[provenanceNames.policy] ?? '',
    family: properties[provenanceNames.family] ?? '',
  };
};
