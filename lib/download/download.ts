import { echo } from '../echo.ts';
import { FerryError } from '../errors.ts';
import { type AskedRange, rangeHeader, rangeOf } from '../http/content-range.ts';
import { type Answer, type Connections, get } from '../http/exchange.ts';
import type { ByteReader } from '../http/framing/byte-reader.ts';
import { UnframedAnswer } from '../http/framing/faults.ts';
import { contentLength, type MessageHead } from '../http/framing/message-head.ts';
import { areOfOtherBytes } from '../http/framing/validators.ts';
import { distrustOf } from '../http/trust.ts';
import { guarded, type Headers, requireSuccess } from '../openstack/http.ts';
import type { GlanceImage } from '../schemas/openstack.ts';
import type { Hash } from '../state/copy.ts';
import { isRedirect, mostRedirects, redirectTarget } from './redirects.ts';
import { displayUri, type UriFilter } from './uri-filter.ts';

/** What is known of a source before its bytes are read. */
export interface SourceDescription {
  /** Bytes; undefined when only the download itself can tell. */
  readonly size: number | undefined;
  /** All that the source says its bytes digest to, the strongest first. */
  readonly hashes: readonly Hash[];
  /** Changes when the bytes do, as far as the source tells; a copy that goes on later compares it. */
  readonly identity: string;
  /** Whether the same identity means the same bytes, so that a copy may go on where an earlier try ended. */
  readonly isResumable: boolean;
  /**
   * The source's record as it was when it was described: what the target is to get of it (formats, properties) can
   * still be had when the source is deleted after its bytes. None of a URL.
   */
  readonly record: GlanceImage | undefined;
}

/** Image bytes on their way. */
export interface ImageBytes {
  /** Which byte of the image comes first: the one asked for, or 0 of a source that has no ranges. */
  readonly startsAt: number;
  /** Bytes that will follow, when the answer said so. */
  readonly length: number | undefined;
  /** Where the connection breaks off, `fill` returns what has come before; the next call throws. */
  readonly body: ByteReader;
}

/** With an `end` the source must answer a range, and exactly this one. */
export interface OpenOptions extends AskedRange {
  readonly signal: AbortSignal;
}

/** Something whose bytes can be read from any byte on: a source, or what was made of it. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  /** A new body. It is opened anew for every try; none is ever sent twice. */
  open(options: OpenOptions): Promise<ImageBytes>;
}

export interface DownloadConnections {
  /** To the source itself. */
  readonly direct: Connections;
  /** To wherever it redirects; resolves names through the filter. */
  readonly filtered: Connections;
  readonly filter: UriFilter;
}

interface GetCall {
  readonly operation: string;
  readonly signal: AbortSignal;
}

/** Glance on rbd, swift, s3 and http stores answers 400 to a Range; 416 and 501 are what others say. */
const refusesRanges = [400, 416, 501];

/** A source that does not give ranges (any more). */
class RangesRefused extends FerryError {
  constructor(name: string, status: number) {
    super('unavailable', `Failed to download ${name}: it gives no ranges, it answered ${status}`);
  }
}

/** Where bytes come from. Its heirs are glance-download and web-download (specification, "Work Items"). */
export abstract class Download implements ByteSource {
  /** For messages: "image … of region REGION1". */
  abstract readonly name: string;
  protected readonly connections: DownloadConnections;
  /** Until the source has refused one: whether ranges work cannot be asked, only tried. */
  private hasRanges = true;
  /** Of a body: the others must be of the same file. */
  private firstAnswer: MessageHead | undefined;
  /** Whether the last answer's reason may be shown: a stranger's may not. */
  private isQuoted = false;

  constructor(connections: DownloadConnections) {
    this.connections = connections;
  }

  /** @throws FerryError when the source cannot be copied: gone, forbidden, not active */
  abstract describe(options: { readonly signal: AbortSignal }): Promise<SourceDescription>;

  abstract open(options: OpenOptions): Promise<ImageBytes>;

  /**
   * Asks for the first byte alone.
   * @returns whether the source has ranges
   * @throws FerryError as `open` does
   */
  async probeRanges(options: { readonly size: number; readonly signal: AbortSignal }): Promise<boolean> {
    try {
      (await this.open({ ...options, offset: 0, end: 1 })).body.close();
      return true;
    } catch (error) {
      if (error instanceof RangesRefused) return false;
      throw error;
    }
  }

  /**
   * GET, from an offset where the source has ranges.
   * @throws FerryError by the answer's status; `unavailable` where a range was needed and the source gives none
   */
  protected get(url: string, headers: Headers, options: OpenOptions): Promise<ImageBytes> {
    const { offset = 0, end, signal } = options;
    const call = { operation: `download ${this.name}`, signal };
    return guarded(call, async () => {
      if (end !== undefined || (offset > 0 && this.hasRanges)) {
        const answer = await this.follow(url, { ...headers, range: rangeHeader(options) }, call);
        if (answer.statusCode === 206) return rangeOf(answer, options, call.operation);
        const isRefused = refusesRanges.includes(answer.statusCode);
        if (end !== undefined && (isRefused || answer.statusCode === 200)) {
          answer.body.close();
          throw new RangesRefused(this.name, answer.statusCode);
        }
        if (!isRefused) return await this.wholeOf(answer, call);
        this.hasRanges = false;
        answer.body.close();
      }
      return await this.wholeOf(await this.follow(url, headers, call), call);
    });
  }

  /** Redirects are followed by hand: each hop passes the filter, and none gets the headers, which hold a token. */
  private async follow(first: string, headers: Headers, { signal }: GetCall): Promise<Answer> {
    let answer = this.isTrusted
      ? await get({ url: first, connections: this.connections.direct, headers, signal })
      : await this.reach(first, headers, signal);
    const range = headers['range'] ? { range: headers['range'] } : {};
    let url = first;
    for (let hops = 0; isRedirect(answer); hops += 1) {
      url = await this.nextHop(url, answer, hops);
      answer = await this.reach(url, range, signal);
    }
    this.isQuoted = this.isTrusted && url === first;
    this.requireSame(answer);
    return answer;
  }

  /** Who may be anybody is told no more than that: an address, or how it refuses, would make a port scanner of us. */
  private async reach(url: string, headers: Headers, signal: AbortSignal): Promise<Answer> {
    try {
      return await get({ url, connections: this.connections.filtered, headers, signal });
    } catch (cause) {
      if (signal.aborted || distrustOf(cause) || cause instanceof UnframedAnswer) throw cause;
      const shown = displayUri(url);
      const reason = `Failed to download ${this.name}: ${shown === this.name ? 'it' : echo(shown)} could not be reached`;
      throw new FerryError('unavailable', reason, { cause });
    }
  }

  /** What broke off goes on with bytes of the same file, or not at all. */
  private requireSame(answer: Answer): void {
    if (answer.statusCode !== 200 && answer.statusCode !== 206) return;
    this.firstAnswer ??= { statusCode: answer.statusCode, headers: answer.headers };
    if (!areOfOtherBytes(this.firstAnswer, answer)) return;
    answer.body.close();
    throw this.refused('the source has changed while it was copied');
  }

  /** The first address comes from the operator: it is not filtered, and its answer's reason may be shown. */
  protected abstract readonly isTrusted: boolean;

  private async nextHop(from: string, answer: Answer, hops: number): Promise<string> {
    answer.body.close();
    const url = redirectTarget(answer, from);
    if (!url || hops === mostRedirects) throw this.refused(`${hops + 1} redirects lead nowhere`);
    if (await this.connections.filter.passes(url)) return url;
    throw this.refused(`Redirect to disallowed URL: ${echo(displayUri(url))}`); // Glance's sentence
  }

  private async wholeOf(answer: Answer, call: GetCall): Promise<ImageBytes> {
    await requireSuccess(answer, call, { quoted: this.isQuoted });
    // Glance answers 204 when a record has no data, also when its store has lost the file.
    if (answer.statusCode !== 200) {
      answer.body.close();
      throw this.refused(`the source answered ${answer.statusCode}, it has no data`);
    }
    return { startsAt: 0, length: contentLength(answer), body: answer.body };
  }

  private refused(reason: string): FerryError {
    return new FerryError('data-mismatch', `Failed to download ${this.name}: ${reason}`);
  }
}
