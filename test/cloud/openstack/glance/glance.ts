import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { serve } from '../http/server.ts';
import { onAllInterfaces } from '../keystone/catalog.ts';
import type { Keystone } from '../keystone/keystone.ts';
import type { AccessRules, Policy } from './access.ts';
import { type DataRead, dataReads } from './data-reads.ts';
import type { StoreKind } from './download.ts';
import { type Fault, faultRegistry } from './faults.ts';
import { glanceListener } from './listener.ts';
import { type PreparedImages, preparedImages } from './prepared.ts';
import { imageRepository } from './repository.ts';
import { type RecordedRequest, requestLog } from './request-log.ts';
import { glanceRoutes } from './routes.ts';
import type { UploadOptions } from './upload.ts';
import type { Quotas } from './usage.ts';

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
  /** What GET /v2/info/stores lists beside the default store; `none`: a Glance of one store, which answers 404. */
  readonly furtherStores?: readonly string[] | 'none';
  /** What GET /v2/info/import lists. */
  readonly importMethods?: readonly string[];
  /** Uploads are counted and hashed but not kept: for throughput tests. */
  readonly discardUploads?: boolean;
  /** The role that policy asks of who gets an image's data, whoever may see its record; `admin`, say. */
  readonly downloadRole?: string;
  /** What GET /v2/info/usage tells; `off` when absent. */
  readonly quotas?: Quotas;
}

export interface Glance extends PreparedImages {
  readonly url: string;
  readonly region: string;
  /** Lets the next requests for this image go wrong. */
  fault(imageId: string, fault: Fault): void;
  clearFaults(): void;
  /** From now on it answers nobody, until it is back. */
  setAway(isAway: boolean): void;
  /** Another policy from now on, as after a restart with other settings. */
  setPolicy(policy: Policy): void;
  /** The same for `downloadRole`; undefined goes back to what the policy says. */
  setDownloadRole(role: string | undefined): void;
  /** The same for `quotas`; undefined goes back to `off`. */
  setQuotas(quotas: Quotas | undefined): void;
  /** Every request since the start, or since clearRequests. */
  requests(): readonly RecordedRequest[];
  /** What was read of an image's data, by whom, since the start or clearRequests; see timesRead. */
  dataReads(imageId: string): readonly DataRead[];
  clearRequests(): void;
  /** Closes all connections at once; data stays in dataDir. */
  stop(): Promise<void>;
}

const tebibyte = 2 ** 40;
const defaultImportMethods = ['glance-direct', 'web-download', 'copy-image'];

/** A Glance v2 of one region, listed in the catalog of `keystone`. Records live in memory, data in files. */
export async function startGlance(options: GlanceOptions): Promise<Glance> {
  const { keystone, region, store = 'file', importMethods = defaultImportMethods } = options;
  const { furtherStores = [] } = options;
  await mkdir(options.dataDir, { recursive: true });
  const [images, faults, log, uploads] = [
    imageRepository(),
    faultRegistry(),
    requestLog(),
    uploadsOf(options),
  ];
  const reads = dataReads();
  let { quotas = 'off' as Quotas } = options;
  const routes = glanceRoutes({
    ...{ images, faults, uploads, store, reads, furtherStores, importMethods, quotas: () => quotas },
  });
  let rules: AccessRules = { policy: 'default', downloadRole: options.downloadRole };
  const server = await serve(
    glanceListener({ routes, keystone, log, rules: () => rules }),
    options.port ?? 0,
  );
  keystone.addEndpoints(onAllInterfaces('image', region, server.url));
  return {
    ...preparedImages(images, uploads, keystone.accounts),
    url: server.url,
    region,
    fault: faults.add,
    clearFaults: faults.clear,
    setPolicy: (policy) => {
      rules = { ...rules, policy };
    },
    setDownloadRole: (downloadRole) => {
      rules = { ...rules, downloadRole };
    },
    setQuotas: (given = 'off') => {
      quotas = given;
    },
    requests: log.all,
    dataReads: reads.of,
    clearRequests: () => {
      log.clear();
      reads.clear();
    },
    setAway: server.setAway,
    stop: server.stop,
  };
}

function uploadsOf({ dataDir, store, hashAlgo, imageSizeCap, discardUploads }: GlanceOptions): UploadOptions {
  return {
    storeId: store === 'object' ? 'objects' : 'files',
    hashAlgorithm: hashAlgo ?? 'sha512',
    maxSize: imageSizeCap ?? tebibyte,
    discard: discardUploads ?? false,
    pathOf: (imageId) => join(dataDir, imageId),
  };
}
