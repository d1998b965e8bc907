import { setTimeout as delay } from 'node:timers/promises';
import { asFerryError, type ErrorCode, FerryError, hasCode } from '../errors.ts';
import { authorized, type Credentials } from '../openstack/credentials.ts';
import type { Glance } from '../openstack/glance/glance.ts';
import type { ImageId } from '../schemas/ids.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import {
  Download,
  type DownloadConnections,
  type ImageBytes,
  type OpenOptions,
  type SourceDescription,
} from './download.ts';

export interface GlanceSource extends SourceName {
  readonly glance: Glance;
  readonly credentials: Credentials;
}

/** `os_hash_value`, which images older than Rocky have not, and the md5 `checksum`. */
const hashesOf = ({ os_hash_algo, os_hash_value, checksum }: GlanceImage): SourceDescription['hashes'] => [
  ...(os_hash_algo && os_hash_value ? [{ algorithm: os_hash_algo, value: os_hash_value }] : []),
  ...(checksum ? [{ algorithm: 'md5', value: checksum }] : []),
];

/** Which image of which region, for messages. */
export interface SourceName {
  readonly region: string;
  readonly imageId: ImageId;
}

/** Every refusal by the source is the request's fault (400); that the source cannot be reached is nobody's (503). */
const refusedBySource = ({ imageId, region }: SourceName, thrown: unknown): FerryError => {
  const error = asFerryError(thrown);
  if (error.retryable) return error;
  const reasons: Partial<Record<ErrorCode, string>> = {
    'not-found': `Source image ${imageId} was not found in region ${region}`,
    unauthorized: `Region ${region} does not accept the token of this import`,
  };
  // Where it is no word of Glance's, one could not sign in to the source's cloud.
  const isOfGlance = error.code !== 'unauthorized' || error.operation !== undefined;
  const known = isOfGlance ? reasons[error.code] : undefined;
  const reason = known ?? `Source image ${imageId} of region ${region}: ${error.message}`;
  return new FerryError('bad-request', reason, { cause: error });
};

/**
 * The record of a source that can be copied.
 * @throws FerryError `bad-request` with the reason when the source refuses, is not active or has no size;
 *   `unavailable` when it cannot be reached
 */
export const sourceImage = async (
  glance: Glance,
  name: SourceName,
  options: { readonly signal: AbortSignal },
): Promise<GlanceImage & { readonly size: number }> => {
  const image = await glance.image(name.imageId, options).catch((error: unknown) => {
    throw options.signal.aborted ? error : refusedBySource(name, error);
  });
  // Glance's own sentences (_ImportMetadata).
  if (image.status !== 'active') {
    throw new FerryError('bad-request', `Source image status should be active instead of ${image.status}`);
  }
  const { size } = image;
  if (typeof size === 'number') return { ...image, size };
  throw new FerryError('bad-request', `Size attribute of remote image ${image.id} could not be determined.`);
};

const looks = 3;
const betweenLooksMs = 300;

/**
 * The same, for a source that was there when its import was asked for: a replica of Glance's database that is behind says
 * 404, or another status, for a moment.
 */
export const sourceImageAgain = async (
  glance: Glance,
  name: SourceName,
  options: { readonly signal: AbortSignal },
): Promise<GlanceImage & { readonly size: number }> => {
  for (let look = 1; ; look += 1) {
    try {
      return await sourceImage(glance, name, options);
    } catch (error) {
      if (look === looks || !hasCode(error, 'bad-request')) throw error;
      await delay(betweenLooksMs, undefined, options);
    }
  }
};

/**
 * Snapshots of volumes are records without data; Glance would make an empty image of them and call it a success.
 * @throws FerryError `bad-request`
 */
export const refuseEmptySnapshot = (image: GlanceImage): void => {
  if (image.size !== 0 || typeof image['block_device_mapping'] !== 'string') return;
  const reason = 'is a snapshot of a volume and has no data (block_device_mapping)';
  throw new FerryError('bad-request', `Source image ${image.id} ${reason}`);
};

/** An image of another region's Glance, read with the caller's token. */
export class GlanceDownload extends Download {
  readonly name: string;
  /** Keystone's catalog has the endpoint. */
  protected readonly isTrusted = true;
  private readonly source: GlanceSource;

  constructor(source: GlanceSource, connections: DownloadConnections) {
    super(connections);
    this.source = source;
    this.name = `image ${source.imageId} of region ${source.region}`;
  }

  override async describe({ signal }: { readonly signal: AbortSignal }): Promise<SourceDescription> {
    const image = await sourceImageAgain(this.source.glance, this.source, { signal });
    refuseEmptySnapshot(image);
    const { size, updated_at } = image;
    const hashes = hashesOf(image);
    const [hash] = hashes;
    // Data of an active image never changes; without a hash its size and time are all that can tell.
    const identity = hash ? `${size} bytes ${hash.algorithm} ${hash.value}` : `${size} bytes ${updated_at}`;
    return { size, hashes, identity, isResumable: true, record: image };
  }

  override open(options: OpenOptions): Promise<ImageBytes> {
    const { glance, imageId, credentials } = this.source;
    const url = `${glance.endpoint}/v2/images/${imageId}/file`;
    return authorized(credentials, options, (headers) => this.get(url, headers, options));
  }
}
