import { echo } from '../echo.ts';
import { FerryError } from '../errors.ts';
import {
  Download,
  type DownloadConnections,
  type ImageBytes,
  type OpenOptions,
  type SourceDescription,
} from './download.ts';
import { displayUri } from './uri-filter.ts';

/** In Glance's words. */
export const doesNotPass = (uri: string): FerryError =>
  new FerryError('bad-request', `URI for web-download does not pass filtering: ${echo(displayUri(uri))}`);

/** An image at a URL. Nothing vouches for its bytes: no record, no hash. */
export class WebDownload extends Download {
  readonly name: string;
  protected readonly isTrusted = false;
  private readonly uri: string;

  constructor(uri: string, connections: DownloadConnections) {
    super(connections);
    this.uri = uri;
    this.name = displayUri(uri);
  }

  /** Presigned URLs are good for GET alone, so nothing is asked before the download. */
  override describe(): Promise<SourceDescription> {
    const unknown = { size: undefined, hashes: [], record: undefined };
    return Promise.resolve({ ...unknown, identity: this.name, isResumable: false });
  }

  override async open(options: OpenOptions): Promise<ImageBytes> {
    if (!(await this.connections.filter.passes(this.uri))) throw doesNotPass(this.uri);
    return await this.get(this.uri, {}, options);
  }
}
