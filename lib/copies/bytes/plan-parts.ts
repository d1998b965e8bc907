import { FerryError } from '../../errors.ts';
import { type PartPlan, planParts } from '../../transfer/part-plan.ts';
import type { CopyServices } from '../record/services.ts';

/**
 * How an image is cut into parts.
 * @throws FerryError `limit-exceeded`
 */
export const planPartsOf = (
  size: number | undefined,
  { partLimits, imageSizeCap }: Pick<CopyServices, 'partLimits' | 'imageSizeCap'>,
): PartPlan => {
  try {
    if ((size ?? 0) <= imageSizeCap) return planParts(size, partLimits);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'no plan';
    const ways =
      'More memory makes room for larger parts; a store that takes more of them needs MAX_PARTS told';
    throw new FerryError('limit-exceeded', `The image is too large for the relay: ${reason}. ${ways}`, {
      cause,
    });
  }
  throw new FerryError(
    'limit-exceeded',
    `The image's ${size} bytes exceed image_size_cap, ${imageSizeCap} bytes`,
  );
};
