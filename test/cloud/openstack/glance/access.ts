import type { Named } from '../keystone/fixture.ts';
import { accessDenied, forbidden, noImage, notFound } from './errors.ts';
import type { ImageRecord, ImportTask } from './record.ts';

/** `secure`: enforce_secure_rbac, where `reader` reads records and `member` does all else. By default no role counts. */
export type Policy = 'default' | 'secure';

/** What a region's operator has set in its policy. */
export interface AccessRules {
  readonly policy: Policy;
  /** `"download_image": "role:…"`, so that who may see an image need not get its data. Absent: as the policy says. */
  readonly downloadRole?: string | undefined;
}

/** Whom Keystone says the request comes from, and what the region's policy lets their roles do. */
export interface Caller {
  readonly userName: string;
  readonly userId: string;
  readonly project: Named | undefined;
  readonly isAdmin: boolean;
  readonly policy: Policy;
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
  readonly mayDownload: boolean;
}

/** Glance's own visibility rule: a membership counts from the moment it is made, also when rejected. */
export function canSee(caller: Caller, image: ImageRecord): boolean {
  return caller.mayRead && isVisible(caller, image);
}

function isVisible(caller: Caller, image: ImageRecord): boolean {
  if (caller.isAdmin || image.owner === null) return true;
  if (image.visibility === 'public' || image.visibility === 'community') return true;
  if (image.owner === caller.project?.id) return true;
  return image.visibility === 'shared' && image.members.has(caller.project?.id ?? '');
}

export function owns(caller: Caller, image: ImageRecord): boolean {
  if (caller.isAdmin) return true;
  return caller.mayWrite && image.owner !== null && image.owner === caller.project?.id;
}

/** @throws GlanceError 403 where the caller would not see the image any more: Glance looks at what it has written, and takes it back */
export function mustSee(caller: Caller, image: ImageRecord): void {
  if (!isVisible(caller, image)) throw forbidden(`Forbidding request, image ${image.id} not visible`);
}

/** A task is its project's, whoever sees the image; one without an owner is everybody's. */
export const isShownTo =
  ({ isAdmin, project }: Caller) =>
  ({ owner = null }: ImportTask): boolean =>
    isAdmin || owner === null || owner === project?.id;

/** As the database lets it be seen: a PATCH asks no policy before its own. @throws GlanceError 404 in Glance's words */
export function shownTo(caller: Caller, image: ImageRecord | undefined, imageId: string): ImageRecord {
  if (!image || !isVisible(caller, image)) throw noImage(imageId);
  return image;
}

/** @throws GlanceError 404 in Glance's words */
export function visibleTo(caller: Caller, found: ImageRecord | undefined, imageId: string): ImageRecord {
  const image = shownTo(caller, found, imageId);
  // Hidden by the policy instead of the database.
  if (!caller.mayRead) throw notFound();
  return image;
}

/** @throws GlanceError 403 unless the caller owns the image or is admin. Readers may, by Zed's default policy. */
export function mustOwn(caller: Caller, image: ImageRecord): void {
  if (owns(caller, image)) return;
  throw caller.policy === 'secure' ? notAuthorized('modify_image') : forbidden('You do not own this image');
}

/** @throws GlanceError 403 */
export function mustCreate(caller: Caller): void {
  if (!caller.isAdmin && !caller.mayWrite) throw notAuthorized('add_image');
}

/** @throws GlanceError 403 */
export function mustDownload(caller: Caller): void {
  if (!caller.mayDownload) throw notAuthorized('download_image');
}

const notAuthorized = (action: string) => forbidden(`You are not authorized to complete ${action} action.`);

/** @throws GlanceError 403: only an admin makes an image public */
export function mayPublish(caller: Caller, visibility: unknown): void {
  if (visibility === 'public' && !caller.isAdmin)
    throw forbidden('You are not authorized to complete publicize_image action.');
}

/** @throws GlanceError 403: only an admin gives an image away */
export function mayChangeOwner(caller: Caller): void {
  if (!caller.isAdmin) throw accessDenied("Owner can't be updated by non admin.");
}
