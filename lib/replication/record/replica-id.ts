import { createHash } from 'node:crypto';
import type { ImageId } from '../../schemas/ids.ts';

/** What makes two requests ask for the same replica. */
export interface ReplicaOf {
  readonly sourceRegion: string;
  readonly sourceId: ImageId;
  readonly targetRegion: string;
  /** Whose the replica is, in the target's cloud. */
  readonly projectId: string;
}

/** Version and variant of RFC 9562 5.8: a UUID whose other bits are ours. */
const asUuid8 = (bytes: Buffer): ImageId => {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as ImageId;
};

/**
 * The id of a replica's record: the same for everybody who asks for it, so that Glance itself sees to it that there is
 * one, however many ask at the same moment (it refuses a second record of an id by 409). It never gives an id again, not
 * even after the image was deleted: then the next attempt counts.
 * @param attempt 0 for the first
 */
export const replicaId = (
  { sourceRegion, sourceId, targetRegion, projectId }: ReplicaOf,
  attempt: number,
): ImageId =>
  asUuid8(
    createHash('sha256')
      .update(JSON.stringify(['replica', sourceRegion, sourceId, targetRegion, projectId, attempt]))
      .digest(),
  );
