import type { Caller } from './access.ts';
import { visibleTo } from './access.ts';
import { conflict } from './errors.ts';
import type { ImageRecord } from './record.ts';

/** The image records of one region, in memory. */
export interface Repository {
  /** @throws GlanceError 409: an id is never used twice, not even after its image was deleted */
  add(image: ImageRecord): void;
  find(imageId: string): ImageRecord | undefined;
  /** @throws GlanceError 404 when there is none or the caller may not see it */
  get(caller: Caller, imageId: string): ImageRecord;
  all(): ImageRecord[];
  /** Takes the record out and removes its data. */
  remove(image: ImageRecord): Promise<void>;
}

export function imageRepository(): Repository {
  const images = new Map<string, ImageRecord>();
  const usedIds = new Set<string>();
  return {
    add(image) {
      if (usedIds.has(image.id)) throw conflict(`Image ID ${image.id} already exists!`);
      usedIds.add(image.id);
      images.set(image.id, image);
    },
    find: (imageId) => images.get(imageId),
    get: (caller, imageId) => visibleTo(caller, images.get(imageId), imageId),
    all: () => [...images.values()],
    async remove(image) {
      images.delete(image.id);
      image.status = 'deleted';
      await image.data?.discard();
    },
  };
}

/** Writes into a record and sets updated_at. */
export function save(image: ImageRecord, changes: Partial<ImageRecord>): void {
  Object.assign(image, changes, { updated_at: new Date() });
}
