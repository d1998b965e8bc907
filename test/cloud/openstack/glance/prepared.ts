import { Readable } from 'node:stream';
import type { JsonObject } from '../http/json.ts';
import type { Accounts } from '../keystone/fixture.ts';
import type { Caller } from './access.ts';
import { recordFrom } from './create.ts';
import { digestsOf, type MadeUp, madeUpData } from './made-up.ts';
import { type BaseAttributes, type ImageRecord, type ImageView, type ImportTask, viewOf } from './record.ts';
import { type Repository, save } from './repository.ts';
import { storeData, type UploadOptions } from './upload.ts';
import { virtualSize } from './virtual-size.ts';

/** An image for a test to start with: wire names, custom properties beside them, the owner by user name. */
export type NewImage = JsonObject & { readonly owner?: string };

/** What a test does to the images of a region without a request. */
export interface PreparedImages {
  /** An image owned by the project of user `demo` unless said otherwise; `active` if it has data. */
  createImage(image: NewImage, data?: Buffer | string): Promise<ImageView>;
  /**
   * An active image whose bytes are computed as they are read; its digests are computed here, once.
   * @param bytes size in bytes; `checksum: false` leaves out the md5, which halves that time
   */
  madeUpImage(image: NewImage, bytes: MadeUp & { readonly checksum?: boolean }): Promise<ImageView>;
  /** Overwrites attributes as no API call could: a false hash, another status. @throws Error without the image */
  change(imageId: string, attributes: Partial<BaseAttributes>): void;
  /** A task as Glance's own import of this image would leave it. @throws Error without the image */
  addTask(imageId: string, task: ImportTask): void;
  /** Glance's own import has the image, which is still as it was. @throws Error without the image */
  lock(imageId: string, taskId: string): void;
  /** Lets its store refuse to delete the data, or no more: see ImageRecord. @throws Error without the image */
  setInUse(imageId: string, isInUse: boolean): void;
  /** Sets a property, as its owner would. @throws Error without the image */
  setProperty(imageId: string, name: string, value: string): void;
  /** Gives an image the data, size and hashes of another one, as if deleted and made anew. @throws Error without them */
  become(imageId: string, otherId: string): void;
  /** Deletes the image and its data, as its owner would. @throws Error without the image */
  remove(imageId: string): Promise<void>;
  /** All there are. */
  images(): readonly ImageView[];
  /** The image as it is now; undefined when it does not exist. */
  image(imageId: string): ImageView | undefined;
  /** The bytes of an image. @throws Error when it has none */
  read(imageId: string): Readable;
}

export function preparedImages(
  images: Repository,
  uploads: UploadOptions,
  { userNamed }: Accounts,
): PreparedImages {
  const view = (record: ImageRecord): ImageView => viewOf(record, uploads.storeId);

  function add(image: NewImage): ImageRecord {
    const owner = userNamed(image.owner ?? 'demo').project.id;
    const record = recordFrom({ ...image, owner }, anAdmin);
    images.add(record);
    return record;
  }

  function existing(imageId: string): ImageRecord {
    const record = images.find(imageId);
    if (!record) throw new Error(`no image ${imageId}`);
    return record;
  }

  return {
    async createImage(image, data) {
      const record = add(image);
      if (data !== undefined)
        await storeData(record, Readable.from([Buffer.from(data)]), { ...uploads, discard: false });
      return view(record);
    },
    async madeUpImage(image, bytes) {
      const { size } = bytes;
      const record = add(image);
      const { checksum, hash } = await digestsOf(bytes, uploads.hashAlgorithm, bytes.checksum ?? true);
      const virtual_size = virtualSize(record.disk_format, { size, head: Buffer.alloc(0) });
      const hashes = { checksum, os_hash_algo: uploads.hashAlgorithm, os_hash_value: hash };
      save(record, { status: 'active', size, virtual_size, ...hashes, data: madeUpData(bytes) });
      return view(record);
    },
    change: (imageId, attributes) => save(existing(imageId), attributes),
    addTask: (imageId, task) => void existing(imageId).tasks.push(task),
    lock: (imageId, taskId) => void existing(imageId).properties.set('os_glance_import_task', taskId),
    setInUse: (imageId, isInUse) => void Object.assign(existing(imageId), { isInUse }),
    setProperty: (imageId, name, value) => void existing(imageId).properties.set(name, value),
    become(imageId, otherId) {
      const { data, status, size, virtual_size, checksum, os_hash_algo, os_hash_value } = existing(otherId);
      if (!data) throw new Error(`image ${otherId} has no data`);
      // The file stays the other one's.
      const shared = { ...data, discard: async () => {} };
      save(existing(imageId), {
        ...{ status, size, virtual_size, checksum, os_hash_algo, os_hash_value, data: shared },
      });
    },
    remove: (imageId) => images.remove(existing(imageId)),
    images: () => [...images.all()].map(view),
    image(imageId) {
      const record = images.find(imageId);
      return record && view(record);
    },
    read(imageId) {
      const data = images.find(imageId)?.data;
      if (!data) throw new Error(`image ${imageId} has no data`);
      return data.open(0, data.size);
    },
  };
}

const anAdmin: Caller = {
  ...{ userName: 'admin', userId: '', project: undefined, isAdmin: true },
  ...{ policy: 'default', mayRead: true, mayWrite: true, mayDownload: true },
};
