import type { CloudRegion } from '../../clouds/cloud.ts';
import { hasCode } from '../../errors.ts';
import type { ImageQuery } from '../../openstack/glance/images.ts';
import { atMost } from '../../promises.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { ImageFacts } from '../record/image-facts.ts';

interface Options {
  readonly signal: AbortSignal;
}

const listsAtOnce = 2;
/** Members are asked for image by image, so many at a time. */
const membersAtOnce = 8;

/** All images of these lists. One that is hidden while they are read may be in two of them. */
export const listed = async (
  { images }: CloudRegion,
  queries: readonly ImageQuery[],
  options: Options,
): Promise<readonly GlanceImage[]> => {
  const found = new Map<string, GlanceImage>();
  const read = async (query: ImageQuery): Promise<void> => {
    for await (const page of images.list(query, options))
      for (const image of page) found.set(image.id, image);
  };
  await atMost(listsAtOnce, queries, read);
  return [...found.values()];
};

/** Undefined where the image has gone, or is not shared any more, since it was listed. */
const membersOf = async ({ images }: CloudRegion, { id }: ImageFacts, options: Options) => {
  try {
    return await images.members(id, options);
  } catch (error) {
    if (hasCode(error, 'not-found', 'forbidden')) return undefined;
    throw error;
  }
};

/** With the members of those that are shared, and of interest. */
export const withMembers = (
  at: CloudRegion,
  images: readonly ImageFacts[],
  isOfInterest: (image: ImageFacts) => boolean,
  options: Options,
): Promise<readonly ImageFacts[]> =>
  atMost(membersAtOnce, images, async (image) => {
    if (image.visibility !== 'shared' || !isOfInterest(image)) return image;
    const members = await membersOf(at, image, options);
    return members ? { ...image, members } : image;
  });
