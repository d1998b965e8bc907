import type { ImageId } from '../../../schemas/ids.ts';
import { hashText, type ImageFacts } from '../../record/image-facts.ts';
import { familyOf } from '../wanted-replica.ts';
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

/** What makes a replica as good as another image's. */
const bytesOf = (family: string, hash: string): string => JSON.stringify([family, hash]);

/**
 * Replicas whose own sources are gone, by family and bytes: who has uploaded such an image anew has one there. Only where all
 * sources are known.
 */
const orphansOf = (view: RegionView, { policy, byId }: Sources): ReadonlyMap<string, Replica[]> => {
  if (policy.select.imageId !== undefined || policy.identity === 'id') return new Map();
  const orphans = view.replicas.filter(
    ({ status, provenance }) =>
      status === 'active' && provenance.sourceHash !== '' && !byId.has(provenance.sourceId),
  );
  return Map.groupBy(orphans, ({ provenance }) => bytesOf(provenance.family, provenance.sourceHash));
};

const byProvenance = (
  view: RegionView,
  source: ImageFacts,
  { policy }: Sources,
  orphans: ReadonlyMap<string, Replica[]>,
): Found => {
  const own = view.ofSource.get(source.id)?.find((one) => !hasOtherBytes(one, source));
  if (own) return found(own);
  const others = ofAnotherPolicy(view, source);
  if (others.kind !== 'none') return others;
  return found(orphans.get(bytesOf(familyOf(source, policy), hashText(source)))?.shift());
};

/**
 * What a region has of each source that is known of. An orphan becomes the replica of one source only: the newest.
 * @returns by the source's id
 */
export const findReplicas = (view: RegionView, sources: Sources): ReadonlyMap<ImageId, Found> => {
  const orphans = orphansOf(view, sources);
  return new Map(
    [...sources.known.values()].map((source) => {
      const one =
        sources.policy.identity === 'id'
          ? byOwnId(view, source)
          : byProvenance(view, source, sources, orphans);
      return [source.id, one];
    }),
  );
};
