import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Json, JsonObject } from '../http/json.ts';
import { serve } from '../http/server.ts';
import { onAllInterfaces } from '../keystone/catalog.ts';
import { userNamed } from '../keystone/fixture.ts';
import type { Keystone } from '../keystone/keystone.ts';
import { recordFrom } from './create.ts';
import type { StoreKind } from './download.ts';
import { type Fault, faultRegistry } from './faults.ts';
import { glanceListener } from './listener.ts';
import { digestsOf, madeUpData } from './made-up.ts';
import { type ImageRecord, type ImageView, viewOf } from './record.ts';
import { imageRepository, save } from './repository.ts';
import { type RecordedRequest, requestLog } from './request-log.ts';
import { glanceRoutes } from './routes.ts';
import { storeData, type UploadOptions } from './upload.ts';
import { virtualSize } from './virtual-size.ts';

export interface GlanceOptions {
  readonly region: string;
  readonly keystone: Keystone;
  /** The directory in which the data of images lies. */
  readonly dataDir: string;
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  /** `object` answers 400 to Range, as s3, swift and rbd stores do; `file` (the default) serves ranges. */
  readonly store?: StoreKind;
  /** [DEFAULT] hashing_algorithm; sha512 when absent. */
  readonly hashAlgo?: string;
  /** [DEFAULT] image_size_cap, bytes; 1 TiB when absent. */
  readonly imageSizeCap?: number;
  /** What GET /v2/info/import lists. */
  readonly importMethods?: readonly string[];
  /** Uploads are counted and hashed but not kept: for throughput tests. */
  readonly discardUploads?: boolean;
}

/** An image for a test to start with: wire names, custom properties beside them, the owner by project name. */
export type NewImage = JsonObject & { readonly owner?: string };

export interface Glance {
  readonly url: string;
  readonly region: string;
  /** An image made without a request, owned by project `demo` unless said otherwise; `active` if it has data. */
  createImage(image: NewImage, data?: Buffer | string): Promise<ImageView>;
  /**
   * An active image whose bytes are computed as they are read; its digests are computed here, once.
   * @param bytes size in bytes; `checksum: false` leaves out the md5, which halves that time
   */
  madeUpImage(
    image: NewImage,
    bytes: { readonly size: number; readonly seed: number; readonly checksum?: boolean },
  ): Promise<ImageView>;
  /** The image as it is now; undefined when it does not exist. */
  image(imageId: string): ImageView | undefined;
  /** The bytes of an image. @throws Error when it has none */
  read(imageId: string): Readable;
  fault(imageId: string, fault: Fault): void;
  clearFaults(): void;
  /** Every request since the start, or since clearRequests. */
  requests(): readonly RecordedRequest[];
  clearRequests(): void;
  /** Closes all connections at once; data stays in dataDir. */
  stop(): Promise<void>;
}

const tebibyte = 2 ** 40;

/** A Glance v2 of one region, listed in the catalog of `keystone`. Records live in memory, data in files. */
export async function startGlance(options: GlanceOptions): Promise<Glance> {
  const { keystone, region, dataDir } = options;
  await mkdir(dataDir, { recursive: true });
  const images = imageRepository();
  const faults = faultRegistry();
  const log = requestLog();
  const storeId = options.store === 'object' ? 'objects' : 'files';
  const uploads: UploadOptions = {
    storeId,
    hashAlgorithm: options.hashAlgo ?? 'sha512',
    maxSize: options.imageSizeCap ?? tebibyte,
    discard: options.discardUploads ?? false,
    pathOf: (imageId) => join(dataDir, imageId),
  };
  const routes = glanceRoutes({
    images,
    faults,
    uploads,
    store: options.store ?? 'file',
    importMethods: options.importMethods ?? ['glance-direct', 'web-download', 'copy-image'],
  });
  const server = await serve(glanceListener({ routes, keystone, log }), options.port ?? 0);
  keystone.addEndpoints(onAllInterfaces('image', region, server.url));

  function add(image: NewImage): ImageRecord {
    const record = recordFrom({ ...image, owner: projectId(image.owner ?? 'demo') }, anAdmin);
    images.add(record);
    return record;
  }

  return {
    url: server.url,
    region,
    async createImage(image, data) {
      const record = add(image);
      if (data !== undefined)
        await storeData(record, Readable.from([Buffer.from(data)]), { ...uploads, discard: false });
      return viewOf(record, storeId);
    },
    async madeUpImage(image, bytes) {
      const record = add(image);
      const digests = await digestsOf(bytes, uploads.hashAlgorithm, bytes.checksum ?? true);
      const { size } = bytes;
      save(record, {
        ...{ status: 'active', size, data: madeUpData(bytes), checksum: digests.checksum },
        virtual_size: virtualSize(record.disk_format, { size, head: Buffer.alloc(0) }),
        ...{ os_hash_algo: uploads.hashAlgorithm, os_hash_value: digests.hash },
      });
      return viewOf(record, storeId);
    },
    image(imageId) {
      const record = images.find(imageId);
      return record && viewOf(record, storeId);
    },
    read(imageId) {
      const data = images.find(imageId)?.data;
      if (!data) throw new Error(`image ${imageId} of ${region} has no data`);
      return data.open(0, data.size);
    },
    fault: faults.add,
    clearFaults: faults.clear,
    requests: log.all,
    clearRequests: log.clear,
    stop: server.stop,
  };
}

const anAdmin = { userName: 'admin', userId: userNamed('admin').id, project: undefined, isAdmin: true };

const projectId = (name: string): Json => userNamed(name).project.id;
