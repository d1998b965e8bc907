import type { ImageId } from '../../../schemas/ids.ts';
import type { ImageFacts } from '../../record/image-facts.ts';
import { familyOf, hashText } from '../wanted-replica.ts';
import type { RegionView, Replica } from './region-view.ts';
import type { Sources } from './sources.ts';

/** What a region has of an image: our replica, somebody else's that is as good, or nothing. */
export type Found =
  | { readonly kind: 'replica'; readonly replica: Replica }
  | { readonly kind: 'foreign'; readonly image: ImageFacts; readonly reason: string }
  | { readonly kind: 'none' };

const none: Found = { kind: 'none' };

/** Whether both are known and differ. Of a target that converts its bytes the provenance knows what they were. */
const hasOtherBytes = ({ provenance }: Replica, source: ImageFacts): boolean => {
  const hash = hashText(source);
  return provenance.sourceHash !== '' && hash !== '' && provenance.sourceHash !== hash;
};

export const hasSameBytes = (image: ImageFacts, source: ImageFacts): boolean =>
  hashText(source) !== '' && (image.provenance?.sourceHash || hashText(image)) === hashText(source);

const found = (replica: Replica | undefined): Found => (replica ? { kind: 'replica', replica } : none);

const ofAnotherPolicy = (view: RegionView, source: ImageFacts): Found => {
  const image = view.others.get(source.id);
  if (!image) return none;
  return { kind: 'foreign', image, reason: `policy ${image.provenance.policy} looks after its replica` };
};

const byOwnId = (view: RegionView, source: ImageFacts): Found => {
  const replicas = view.ofSource.get(source.id) ?? [];
  const replica = replicas.find(({ id }) => id === source.id);
  if (replica) return found(replica);
  const image = view.byId.get(source.id);
  if (!image) return none;
  if (image.provenance?.sourceId === source.id) return ofAnotherPolicy(view, source);
  if (!hasSameBytes(image, source)) return none;
  return { kind: 'foreign', image, reason: 'it is there without our mark, and left as it is' };
};

/**
 * A replica with the same bytes whose own source is gone: somebody has uploaded it there anew. Only where all sources are
 * known.
 */
const orphan = (
  view: RegionView,
  source: ImageFacts,
  { policy, byId }: Sources,
  taken: ReadonlySet<ImageId>,
): Replica | undefined => {
  if (policy.select.imageId !== undefined) return undefined;
  return view.ofFamily
    .get(familyOf(source, policy))
    ?.find(
      (one) =>
        one.status === 'active' &&
        !taken.has(one.id) &&
        !byId.has(one.provenance.sourceId) &&
        hasSameBytes(one, source),
    );
};

const byProvenance = (
  view: RegionView,
  source: ImageFacts,
  sources: Sources,
  taken: ReadonlySet<ImageId>,
): Found => {
  const own = view.ofSource.get(source.id)?.find((one) => !hasOtherBytes(one, source));
  if (own) return found(own);
  const others = ofAnotherPolicy(view, source);
  return others.kind === 'none' ? found(orphan(view, source, sources, taken)) : others;
};

/**
 * What a region has of each source. An orphan becomes the replica of one source only: the newest.
 * @returns by the source's id
 */
export const findReplicas = (view: RegionView, sources: Sources): ReadonlyMap<ImageId, Found> => {
  const taken = new Set<ImageId>();
  return new Map(
    sources.images.map((source) => {
      const one =
        sources.policy.identity === 'id' ? byOwnId(view, source) : byProvenance(view, source, sources, taken);
      if (one.kind === 'replica') taken.add(one.replica.id);
      return [source.id, one];
    }),
  );
};
