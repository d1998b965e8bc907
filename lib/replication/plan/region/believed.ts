import type { Policy } from '../../policy/policy.ts';
import { hashText, type ImageFacts } from '../../record/image-facts.ts';
import { isTrusted, type Keepers, type Marked, markOf, type SourceOf } from '../../record/our-mark.ts';
import { familyOf, madeAt } from '../wanted-replica.ts';

const withoutMark = ({ provenance: _, ...image }: ImageFacts): ImageFacts => image;

/**
 * An image with the provenance that one may believe: none where it is not our mark. Of another project's, whose people may
 * write it, the source is proven by its bytes; what that source tells itself is taken from there.
 */
export const believed = (image: ImageFacts, keepers: Keepers, sourceOf: SourceOf): ImageFacts => {
  const { provenance, owner } = image;
  if (!provenance || markOf(image, keepers, sourceOf).kind !== 'ours') return withoutMark(image);
  const source = sourceOf(provenance.sourceId);
  if (!source || isTrusted(owner, keepers)) return image;
  return {
    ...image,
    provenance: { ...provenance, sourceHash: hashText(source), sourceCreatedAt: madeAt(source) },
  };
};

/** Among which images it counts as one more: of another project's not those that it says. */
export const familyAmong = (
  { owner, provenance }: Marked,
  keepers: Keepers,
  sourceOf: SourceOf,
  policy: Policy,
): string => {
  const source = isTrusted(owner, keepers) ? undefined : sourceOf(provenance.sourceId);
  return source ? familyOf(source, policy) : provenance.family;
};
