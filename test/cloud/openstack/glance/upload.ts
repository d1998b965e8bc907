import { inviteBody } from '../http/body.ts';
import { owns } from './access.ts';
import { bend } from './bend.ts';
import { badRequest, conflict, forbidden, GlanceError, serverError } from './errors.ts';
import { type Received, type ReceiveOptions, receive } from './file-data.ts';
import type { ImageRecord } from './record.ts';
import { save } from './repository.ts';
import { type Answer, contentType, type GlanceRequest, header, noContent } from './request.ts';
import { virtualSize } from './virtual-size.ts';

export interface UploadOptions extends Omit<ReceiveOptions, 'path'> {
  readonly storeId: string;
  pathOf(imageId: string): string;
}

/** What can be refused before the image is looked up. @throws GlanceError 415 or 400 */
export function checkUpload({ incoming }: GlanceRequest, { storeId }: UploadOptions): void {
  if (contentType(incoming) !== 'application/octet-stream') throw new GlanceError(415, '');
  const store = header(incoming, 'x-image-meta-store') ?? storeId;
  if (store !== storeId) throw badRequest(`Store for identifier ${store} not found`);
}

/**
 * PUT /v2/images/{id}/file: queued, saving, active. An upload that breaks off leaves the image queued.
 * @throws GlanceError 400, 403, 409, 410 or 413 in Glance's words
 */
export async function upload(
  request: GlanceRequest,
  image: ImageRecord,
  options: UploadOptions,
): Promise<Answer> {
  const { caller, incoming, outgoing, fault } = request;
  if (!owns(caller, image)) throw forbidden(`Not allowed to upload image data for image ${image.id}`);
  checkReady(image);
  inviteBody(incoming, outgoing);
  // Not destroyed when the image refuses the bytes: the answer goes out on the same connection.
  const pieces: AsyncIterable<Buffer> = incoming.iterator({ destroyOnReturn: false });
  await storeData(image, bend(pieces, fault, outgoing), options);
  return noContent;
}

/** @throws GlanceError 409 unless the image is queued, 400 while it lacks a format */
export function checkReady(image: ImageRecord): void {
  if (image.status !== 'queued')
    throw conflict(`Image status transition from ${image.status} to saving is not allowed`);
  const missing = (['disk_format', 'container_format'] as const).filter((name) => !image[name]);
  if (missing.length === 0) return;
  const noun = missing.length === 1 ? 'Property' : 'Properties';
  throw badRequest(`${noun} ${missing.join(', ')} must be set prior to saving data.`);
}

/** Takes the bytes in: the image is `saving` meanwhile, then `active`, or `queued` again. */
export async function storeData(
  image: ImageRecord,
  source: AsyncIterable<Buffer>,
  options: UploadOptions,
): Promise<void> {
  save(image, { status: 'saving' });
  const received = await receive(source, { ...options, path: options.pathOf(image.id) }).catch((error) => {
    if (image.status === 'saving') save(image, { status: 'queued' });
    throw error instanceof GlanceError ? error : serverError();
  });
  if (image.status === 'deleted') {
    await received.data.discard();
    throw gone(image.id);
  }
  activate(image, received, options.hashAlgorithm);
}

function activate(image: ImageRecord, received: Received, hashAlgorithm: string): void {
  const { size, checksum, hash, data } = received;
  const virtual_size = virtualSize(image.disk_format, received);
  const hashes = { checksum, os_hash_algo: hashAlgorithm, os_hash_value: hash };
  save(image, { status: 'active', size, virtual_size, ...hashes, data });
}

const gone = (imageId: string): GlanceError =>
  new GlanceError(
    410,
    `Image ${imageId} could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.`,
  );
