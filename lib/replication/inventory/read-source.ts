import type { CloudRegion } from '../../clouds/cloud.ts';
import type { ImageId } from '../../schemas/ids.ts';
import { isSelected } from '../plan/region/select.ts';
import type { Policy } from '../policy/policy.ts';
import { factsOf } from '../record/facts-of.ts';
import type { ImageFacts } from '../record/image-facts.ts';
import { listed, withMembers } from './lists.ts';
import { sourceQueries } from './queries.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Whether a policy is for an image, but for its members, which nobody has asked for yet. */
export const mayBeSelected = (policy: Policy) => {
  const { hasMembers: _hasMembers, ...select } = policy.select;
  return (image: ImageFacts): boolean => isSelected(image, { ...policy, select });
};

/** All of the source region that may be selected, and more. @throws FerryError by Glance's refusal */
export const readSource = async (
  at: CloudRegion,
  policy: Policy,
  options: Options,
): Promise<readonly ImageFacts[]> => {
  const { imageId, hasMembers } = policy.select;
  const records = imageId
    ? [await at.images.image(imageId as ImageId, options)]
    : await listed(at, sourceQueries(policy.select), options);
  const images = records.map((record) => factsOf(policy.source.region, record));
  const areMembersWanted = policy.synced.members || hasMembers !== undefined;
  return areMembersWanted ? withMembers(at, images, mayBeSelected(policy), options) : images;
};
