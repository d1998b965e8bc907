import type { Dispatcher } from 'undici';
import { FerryError } from '../errors.ts';
import type { Glance } from '../openstack/glance.ts';
import type { Headers } from '../openstack/http.ts';
import type { ImageId } from '../schemas/ids.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import { Download, type DownloadConnections, type ImageBytes, type SourceDescription } from './download.ts';

export interface GlanceSource {
  readonly region: string;
  readonly imageId: ImageId;
  readonly glance: Glance;
  /** X-Auth-Token and, with a service user, X-Service-Token. */
  readonly auth: Headers;
}

/** `os_hash_value` where the record has one, else its md5 `checksum` (images older than Rocky). */
const hashOf = ({ os_hash_algo, os_hash_value, checksum }: GlanceImage): SourceDescription['hash'] => {
  if (os_hash_algo && os_hash_value) return { algorithm: os_hash_algo, value: os_hash_value };
  return checksum ? { algorithm: 'md5', value: checksum } : undefined;
};

/**
 * A source record that can be copied.
 * @throws FerryError `bad-request` when it is not active (Glance's sentence) or its size is unknown
 */
export const requireActive = (image: GlanceImage): GlanceImage & { readonly size: number } => {
  if (image.status !== 'active') {
    const reason = `Source image status should be active instead of ${image.status}`;
    throw new FerryError('bad-request', reason);
  }
  const { size } = image;
  if (typeof size === 'number') return { ...image, size };
  throw new FerryError('bad-request', `Size attribute of remote image ${image.id} could not be determined.`);
};

/** An image of another region's Glance, read with the caller's token. */
export class GlanceDownload extends Download {
  readonly name: string;
  private readonly source: GlanceSource;

  constructor(source: GlanceSource, connections: DownloadConnections) {
    super(connections);
    this.source = source;
    this.name = `image ${source.imageId} of region ${source.region}`;
  }

  override async describe({ signal }: { readonly signal: AbortSignal }): Promise<SourceDescription> {
    const image = requireActive(await this.source.glance.image(this.source.imageId, { signal }));
    return { size: image.size, hash: hashOf(image), identity: `${image.size} ${image.updated_at}` };
  }

  override open({ signal }: { readonly signal: AbortSignal }): Promise<ImageBytes> {
    const { glance, imageId, auth } = this.source;
    return this.get(`${glance.endpoint}/v2/images/${imageId}/file`, auth, signal);
  }

  /** The endpoint comes from Keystone's catalog, so from the operator: it is not filtered. */
  protected override firstHop(): Dispatcher {
    return this.connections.direct;
  }
}
