import type { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import { FerryError } from '../errors.ts';
import { guarded, type Headers, requireSuccess } from '../openstack/http.ts';
import { displayUri, type UriFilter } from './uri-filter.ts';

/** What is known of a source before its bytes are read. */
export interface SourceDescription {
  /** Bytes; undefined when only the download itself can tell. */
  readonly size: number | undefined;
  readonly hash: SourceHash | undefined;
  /** Changes when the source does; compared before and after where there is no hash. */
  readonly identity: string;
}

export interface SourceHash {
  /** Python hashlib's name, as in `os_hash_algo`. */
  readonly algorithm: string;
  readonly value: string;
}

/** Image bytes on their way. */
export interface ImageBytes {
  /** Bytes that will follow, when the answer said so. */
  readonly length: number | undefined;
  readonly stream: Readable;
}

export interface DownloadConnections {
  /** To the source itself. */
  readonly direct: Dispatcher;
  /** To wherever it redirects; resolves names through the filter. */
  readonly filtered: Dispatcher;
  readonly filter: UriFilter;
}

const redirects = [301, 302, 303, 307, 308];
const mostRedirects = 5;

/** Where bytes come from. Its heirs are glance-download and web-download (specification, "Work Items"). */
export abstract class Download {
  /** For messages: "image … of region REGION1". */
  abstract readonly name: string;
  protected readonly connections: DownloadConnections;

  constructor(connections: DownloadConnections) {
    this.connections = connections;
  }

  /** @throws FerryError when the source cannot be copied: gone, forbidden, not active */
  abstract describe(options: { readonly signal: AbortSignal }): Promise<SourceDescription>;

  /** A new stream from byte 0. A body is opened anew for every try; none is ever sent twice. */
  abstract open(options: { readonly signal: AbortSignal }): Promise<ImageBytes>;

  /**
   * GET with redirects followed by hand: each hop passes the filter, and none gets the headers, which hold a token.
   * @throws FerryError by the answer's status
   */
  protected get(first: string, headers: Headers, signal: AbortSignal): Promise<ImageBytes> {
    const call = { operation: `download ${this.name}`, signal };
    return guarded(call, async () => {
      const { direct, filtered } = this.connections;
      let answer = await request(first, { dispatcher: this.isTrusted ? direct : filtered, headers, signal });
      let url = first;
      for (let hops = 0; redirects.includes(answer.statusCode); hops += 1) {
        url = await this.nextHop(url, answer, hops);
        answer = await request(url, { dispatcher: filtered, signal });
      }
      await requireSuccess(answer, call, { quoted: this.isTrusted && url === first });
      return this.bytesOf(answer);
    });
  }

  /** The first address comes from the operator: it is not filtered, and its answer's reason may be shown. */
  protected abstract readonly isTrusted: boolean;

  private async nextHop(from: string, answer: Dispatcher.ResponseData, hops: number): Promise<string> {
    await answer.body.dump();
    const location = answer.headers['location'];
    const url = typeof location === 'string' ? URL.parse(location, from)?.href : undefined;
    if (!url || hops === mostRedirects) throw this.refused(`${hops + 1} redirects lead nowhere`);
    if (await this.connections.filter.passes(url)) return url;
    // Glance's sentence (SafeRedirectHandler).
    throw this.refused(`Redirect to disallowed URL: ${displayUri(url)}`);
  }

  private async bytesOf(answer: Dispatcher.ResponseData): Promise<ImageBytes> {
    // Glance answers 204 when a record has no data, also when its store has lost the file.
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      throw this.refused(`the source answered ${answer.statusCode}, it has no data`);
    }
    const length = answer.headers['content-length'];
    return { length: typeof length === 'string' ? Number(length) : undefined, stream: answer.body };
  }

  private refused(reason: string): FerryError {
    return new FerryError('data-mismatch', `Failed to download ${this.name}: ${reason}`);
  }
}
