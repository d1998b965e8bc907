import { type Caller, mustDownload } from './access.ts';
import { bend } from './bend.ts';
import type { DataReads } from './data-reads.ts';
import { badRequest, forbidden } from './errors.ts';
import type { ByteRange } from './range.ts';
import { requestedRange } from './range.ts';
import type { ImageRecord } from './record.ts';
import { type Answer, type GlanceRequest, header } from './request.ts';

/** Only a file store reads from any position; s3, swift, rbd and http stores do not. */
export type StoreKind = 'file' | 'object';

/**
 * GET /v2/images/{id}/file.
 * @throws GlanceError 400, 403 or 416 in Glance's words
 */
export function download(
  request: GlanceRequest,
  image: ImageRecord,
  { store, reads }: { readonly store: StoreKind; readonly reads: DataReads },
): Answer {
  const { incoming, outgoing, fault } = request;
  refuseDeactivated(request.caller, image);
  mustDownload(request.caller);
  const range = requestedRange(header(incoming, 'range'), header(incoming, 'content-range'), image.size);
  // Also what Glance answers when its store has lost the file.
  if (!image.data?.kept) return { status: 204, headers: { 'Content-Length': 0 } };
  if (range && store === 'object') throw notRandom(range);
  const whole = { start: 0, end: image.data.size };
  const { start, end } = range ?? whole;
  const length = fault?.kind === 'short-body' ? Math.min(fault.bytes, end - start) : end - start;
  return {
    status: range ? 206 : 200,
    headers: {
      'Content-Type': 'application/octet-stream',
      ...(range ? { 'Content-Range': `bytes ${start}-${end - 1}/${image.data.size}` } : {}),
      // Hex, and of the whole image even for a range: Glance's way, not RFC 1864's.
      ...(image.checksum ? { 'Content-Md5': image.checksum } : {}),
      'Content-Length': length,
    },
    read: reads.add(image.id, request.caller, { start, end }),
    body: bend(image.data.open(start, end), fault, outgoing, start),
  };
}

function refuseDeactivated(caller: Caller, image: ImageRecord): void {
  if (image.status === 'deactivated' && !caller.isAdmin)
    throw forbidden('The requested image has been deactivated. Image data download is forbidden.');
}

const notRandom = ({ start, end }: ByteRange) =>
  badRequest(
    `Getting images randomly from this store is not supported. Offset: ${start}, length: ${end - start}`,
  );
