import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { FerryError } from '../errors.ts';
import { guarded, type Headers, requireSuccess } from '../openstack/http.ts';
import { request } from '../openstack/undici.ts';
import { displayUri, type UriFilter } from './uri-filter.ts';

/** What is known of a source before its bytes are read. */
export interface SourceDescription {
  /** Bytes; undefined when only the download itself can tell. */
  readonly size: number | undefined;
  readonly hash: SourceHash | undefined;
  /** Changes when the bytes do, as far as the source tells; a copy that goes on later compares it. */
  readonly identity: string;
  /** Whether the same identity means the same bytes, so that a copy may go on where an earlier try ended. */
  readonly isResumable: boolean;
}

export interface SourceHash {
  /** Python hashlib's name, as in `os_hash_algo`. */
  readonly algorithm: string;
  readonly value: string;
}

/** Image bytes on their way. */
export interface ImageBytes {
  /** Which byte of the image comes first: the one asked for, or 0 of a source that has no ranges. */
  readonly startsAt: number;
  /** Bytes that will follow, when the answer said so. */
  readonly length: number | undefined;
  readonly stream: Readable;
}

export interface OpenOptions {
  /** The byte to begin with; 0 when absent. */
  readonly offset?: number;
  readonly end?: number;
  readonly signal: AbortSignal;
}

export type ByteSource = Pick<Download, 'name' | 'open'>;

export interface DownloadConnections {
  /** To the source itself. */
  readonly direct: Dispatcher;
  /** To wherever it redirects; resolves names through the filter. */
  readonly filtered: Dispatcher;
  readonly filter: UriFilter;
}

interface GetCall {
  readonly operation: string;
  readonly signal: AbortSignal;
}

/** Glance on rbd, swift, s3 and http stores answers 400 to a Range; 416 and 501 are what others say. */
const refusesRanges = [400, 416, 501];
const redirects = [301, 302, 303, 307, 308];
const mostRedirects = 5;

/** Where bytes come from. Its heirs are glance-download and web-download (specification, "Work Items"). */
export abstract class Download {
  /** For messages: "image … of region REGION1". */
  abstract readonly name: string;
  protected readonly connections: DownloadConnections;
  /** Until the source has refused one: whether ranges work cannot be asked, only tried. */
  private hasRanges = true;
  /** Whether the last answer's reason may be shown: a stranger's may not. */
  private isQuoted = false;

  constructor(connections: DownloadConnections) {
    this.connections = connections;
  }

  /** @throws FerryError when the source cannot be copied: gone, forbidden, not active */
  abstract describe(options: { readonly signal: AbortSignal }): Promise<SourceDescription>;

  async probeRanges({ signal }: { readonly size: number; readonly signal: AbortSignal }): Promise<boolean> {
    try {
      const { startsAt, length, stream } = await this.open({ offset: 0, end: 1, signal });
      stream.on('error', () => undefined).destroy();
      return startsAt === 0 && length === 1;
    } catch (error) {
      if (error instanceof FerryError && error.code === 'unavailable') return false;
      throw error;
    }
  }

  /** A new stream. A body is opened anew for every try; none is ever sent twice. */
  abstract open(options: OpenOptions): Promise<ImageBytes>;

  /**
   * GET, from an offset where the source has ranges.
   * @throws FerryError by the answer's status
   */
  protected get(
    url: string,
    headers: Headers,
    { offset = 0, end, signal }: OpenOptions,
  ): Promise<ImageBytes> {
    const call = { operation: `download ${this.name}`, signal };
    return guarded(call, async () => {
      if ((offset > 0 && this.hasRanges) || end !== undefined) {
        const range = `bytes=${offset}-${end === undefined ? '' : end - 1}`;
        const answer = await this.follow(url, { ...headers, range }, call);
        if (end !== undefined && [200, ...refusesRanges].includes(answer.statusCode)) {
          answer.body.on('error', () => undefined).destroy();
          throw new FerryError('unavailable', 'no ranges');
        }
        if (answer.statusCode === 206) return rangeOf(answer, offset, call);
        if (!refusesRanges.includes(answer.statusCode)) return await this.wholeOf(answer, call);
        this.hasRanges = false;
        await answer.body.dump();
      }
      return await this.wholeOf(await this.follow(url, headers, call), call);
    });
  }

  /** Redirects are followed by hand: each hop passes the filter, and none gets the headers, which hold a token. */
  private async follow(
    first: string,
    headers: Headers,
    { signal }: GetCall,
  ): Promise<Dispatcher.ResponseData> {
    const { direct, filtered } = this.connections;
    let answer = await request(first, { dispatcher: this.isTrusted ? direct : filtered, headers, signal });
    const range = headers['range'] ? { range: headers['range'] } : {};
    let url = first;
    for (let hops = 0; redirects.includes(answer.statusCode); hops += 1) {
      url = await this.nextHop(url, answer, hops);
      answer = await request(url, { dispatcher: filtered, headers: range, signal });
    }
    this.isQuoted = this.isTrusted && url === first;
    return answer;
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

  private async wholeOf(answer: Dispatcher.ResponseData, call: GetCall): Promise<ImageBytes> {
    await requireSuccess(answer, call, { quoted: this.isQuoted });
    // Glance answers 204 when a record has no data, also when its store has lost the file.
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      throw this.refused(`the source answered ${answer.statusCode}, it has no data`);
    }
    return { startsAt: 0, length: lengthOf(answer), stream: answer.body };
  }

  private refused(reason: string): FerryError {
    return new FerryError('data-mismatch', `Failed to download ${this.name}: ${reason}`);
  }
}

const lengthOf = ({ headers }: Dispatcher.ResponseData): number | undefined => {
  const length = headers['content-length'];
  return typeof length === 'string' ? Number(length) : undefined;
};

/** A 206 must prove that it begins where it was asked to (RFC 9110 14.4), or the parts would not fit. */
const rangeOf = async (
  answer: Dispatcher.ResponseData,
  offset: number,
  call: GetCall,
): Promise<ImageBytes> => {
  const range = String(answer.headers['content-range'] ?? '');
  const [, start] = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(range) ?? [];
  if (Number(start) === offset) return { startsAt: offset, length: lengthOf(answer), stream: answer.body };
  await answer.body.dump();
  const reason = `asked for bytes ${offset}-, the source answered with ${range || 'no Content-Range'}`;
  throw new FerryError('data-mismatch', `Failed to ${call.operation}: ${reason}`);
};
