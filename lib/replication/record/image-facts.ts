import type { ImageId, RegionName } from '../../schemas/ids.ts';
import type { Properties } from '../../state/task.ts';
import type { Provenance } from './provenance.ts';

/** Glance's visibilities. */
export type Visibility = 'public' | 'community' | 'shared' | 'private';

/** Of an image's bytes, as Glance says it: `sha512` and hex. */
export interface ImageHash {
  readonly algorithm: string;
  readonly value: string;
}

/** All that replication looks at of one image record in one region. */
export interface ImageFacts {
  readonly region: RegionName;
  readonly id: ImageId;
  /** Empty where it has none. */
  readonly name: string;
  /** Glance's: `queued`, `saving`, `importing`, `active`, `deactivated`, … */
  readonly status: string;
  readonly visibility: Visibility;
  /** Project id of the region's own cloud. */
  readonly owner: string;
  readonly isProtected: boolean;
  readonly isHidden: boolean;
  /** Bytes; undefined as long as there are none. */
  readonly size?: number;
  /** Bytes that its disk has for a guest, where Glance knows. */
  readonly virtualSize?: number;
  /** GiB. */
  readonly minDisk: number;
  /** MiB. */
  readonly minRam: number;
  readonly diskFormat?: string;
  readonly containerFormat?: string;
  readonly hash?: ImageHash;
  /** ms since 1970. */
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly tags: readonly string[];
  /** Its custom properties, ours and Glance's own among them. */
  readonly properties: Properties;
  /** Project ids; undefined where nobody has asked. */
  readonly members?: readonly string[];
  /** Where it comes from, if it is a replica of ours. */
  readonly provenance?: Provenance;
}

/** `sha512:<hex>`; empty where the image has no hash. */
export const hashText = ({ hash }: ImageFacts): string => (hash ? `${hash.algorithm}:${hash.value}` : '');
