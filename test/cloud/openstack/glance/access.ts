import type { Named } from '../keystone/fixture.ts';
import { accessDenied, forbidden, noImage } from './errors.ts';
import type { ImageRecord, ImportTask } from './record.ts';

/** Whom Keystone says the request comes from. */
export interface Caller {
  readonly userName: string;
  readonly userId: string;
  readonly project: Named | undefined;
  readonly isAdmin: boolean;
}

/** Glance's own visibility rule: a membership counts from the moment it is made, also when rejected. */
export function canSee(caller: Caller, image: ImageRecord): boolean {
  if (caller.isAdmin || image.owner === null) return true;
  if (image.visibility === 'public' || image.visibility === 'community') return true;
  if (image.owner === caller.project?.id) return true;
  return image.visibility === 'shared' && image.members.has(caller.project?.id ?? '');
}

export function owns(caller: Caller, image: ImageRecord): boolean {
  return caller.isAdmin || (image.owner !== null && image.owner === caller.project?.id);
}

/** A task is its project's, whoever sees the image; one without an owner is everybody's. */
export const isShownTo =
  ({ isAdmin, project }: Caller) =>
  ({ owner = null }: ImportTask): boolean =>
    isAdmin || owner === null || owner === project?.id;

/** @throws GlanceError 404 in Glance's words */
export function visibleTo(caller: Caller, image: ImageRecord | undefined, imageId: string): ImageRecord {
  if (!image || !canSee(caller, image)) throw noImage(imageId);
  return image;
}

/** @throws GlanceError 403 unless the caller owns the image or is admin. Readers may, by Zed's default policy. */
export function mustOwn(caller: Caller, image: ImageRecord): void {
  if (!owns(caller, image)) throw forbidden('You do not own this image');
}

/** @throws GlanceError 403: only an admin makes an image public */
export function mayPublish(caller: Caller, visibility: unknown): void {
  if (visibility === 'public' && !caller.isAdmin)
    throw forbidden('You are not authorized to complete publicize_image action.');
}

/** @throws GlanceError 403: only an admin gives an image away */
export function mayChangeOwner(caller: Caller): void {
  if (!caller.isAdmin) throw accessDenied("Owner can't be updated by non admin.");
}
