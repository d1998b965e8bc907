import { randomUUID } from 'node:crypto';
import { hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';

interface Options {
  readonly signal: AbortSignal;
}

/**
 * Glance's own question, may this caller modify the image?, asked by removing a tag that no image has: Glance enforces
 * `modify_image` before it looks for the tag (glance/api/v2/image_tags.py, delete), so 404 is a yes, and nothing is
 * changed, not even `updated_at`.
 * @returns false for a no, whose words `requireModifiable` has, and where nobody could be asked so
 */
export const seemsModifiable = async (target: Glance, id: ImageId, options: Options): Promise<boolean> => {
  try {
    await target.removeTag(id, `glance-ferry-${randomUUID()}`, options);
    return true;
  } catch (error) {
    if (hasCode(error, 'not-found')) return true;
    // A proxy that lets no DELETE through (405) has said nothing about the caller.
    if (hasCode(error, 'forbidden', 'bad-request')) return false;
    throw error;
  }
};

/**
 * Replaces the name by itself, which Glance refuses in the words of its own import call.
 * @throws FerryError `forbidden`
 */
export const requireModifiable = async (
  target: Glance,
  image: GlanceImage,
  options: Options,
): Promise<void> => {
  const operation = { op: 'replace', path: '/name', value: image.name ?? null } as const;
  await target.patch(image.id as ImageId, [operation], options);
};
