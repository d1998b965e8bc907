import type { Policy } from '../../policy/policy.ts';
import { hashText, type ImageFacts } from '../../record/image-facts.ts';
import type { Mark, Marked, SourceOf } from '../../record/our-mark.ts';
import { familyOf, madeAt } from '../wanted-replica.ts';

const withoutMark = ({ provenance: _, ...image }: ImageFacts): ImageFacts => image;

/**
 * An image with the provenance that one may believe: none where it is not our mark. Of another project's, whose people may
 * write it, the source is proven by its bytes; what that source tells itself is taken from there.
 * @param own the project of our session there
 */
export const believed = (image: ImageFacts, mark: Mark, own: string, sourceOf: SourceOf): ImageFacts => {
  const { provenance } = image;
  if (!provenance || mark.kind !== 'ours') return withoutMark(image);
  const source = sourceOf(provenance.sourceId);
  if (image.owner === own || !source) return image;
  return {
    ...image,
    provenance: { ...provenance, sourceHash: hashText(source), sourceCreatedAt: madeAt(source) },
  };
};

/** Among which images it counts as one more: of another project's not those that it says. */
export const familyAmong = (
  { owner, provenance }: Marked,
  own: string,
  sourceOf: SourceOf,
  policy: Policy,
): string => {
  const source = owner === own ? undefined : sourceOf(provenance.sourceId);
  return source ? familyOf(source, policy) : provenance.family;
};
