import type { ImageId } from '../../schemas/ids.ts';
import { hashText, type ImageFacts } from './image-facts.ts';
import type { Provenance } from './provenance.ts';

/** Project ids of the source's cloud → of the target's. */
export type Projects = Readonly<Record<string, string>>;

/** An image that says where it comes from. */
export type Marked = ImageFacts & { readonly provenance: Provenance };

/** What a target region's operators, and a policy, say about whose images can be ours there. */
export interface Keepers {
  /** The project of our session there. */
  readonly own: string;
  /** Whose replicas of whose images are, where they are not ours to keep. */
  readonly projects: Projects;
  /** Glance there lets nobody but us write our properties, so that they prove themselves. */
  readonly areMarksReserved?: boolean;
}

/** A source by its id, as far as its region was read. */
export type SourceOf = (id: ImageId) => ImageFacts | undefined;

/** What an image's provenance is worth. */
export type Mark =
  /** Our mark. */
  | { readonly kind: 'ours' }
  /** None, or one that its owner may have written himself. */
  | { readonly kind: 'none' }
  /** Likewise, on an image of a project that has replicas of ours: people are told. */
  | { readonly kind: 'unproven'; readonly reason: string };

/** What a project is called in the target's cloud; undefined where the table has no line for it. */
export const projectThere = (projects: Projects, project: string): string | undefined =>
  Object.hasOwn(projects, project) ? projects[project] : undefined;

const unproven = (reason: string): Mark => ({ kind: 'unproven', reason });

/** Whether what an image of this project says of itself is ours to say. */
export const isTrusted = (owner: string, { own, areMarksReserved = false }: Keepers): boolean =>
  owner === own || areMarksReserved;

/**
 * Whether an image carries our mark. Anybody may write our properties on an image of his own, so they count only where he
 * cannot gain by it: on images of our own project; and on an image of the project that its source's belongs to there, as
 * long as Glance says that it has the source's very bytes. A hash is what Glance itself has computed and no owner can
 * write (glance/api/v2/images.py, _readonly_properties). So a mark of somebody else never makes other bytes ours, and never
 * an image of a third project. One whose source nobody knows any more proves nothing, and is left alone, unless Glance
 * keeps our properties for us.
 * @param sourceOf of the region that its provenance names
 */
export const markOf = (image: ImageFacts, keepers: Keepers, sourceOf: SourceOf): Mark => {
  const { provenance, owner } = image;
  const { own, projects } = keepers;
  if (!provenance || (owner !== own && !Object.values(projects).includes(owner))) return { kind: 'none' };
  if (isTrusted(owner, keepers)) return { kind: 'ours' };
  const source = sourceOf(provenance.sourceId);
  const what = `image ${image.id} of project ${owner} says that it is a replica of ${provenance.sourceId}`;
  if (!source || source.region !== provenance.sourceRegion)
    return unproven(`${what}, which is gone: nothing proves that it is ours`);
  if (projectThere(projects, source.owner) !== owner)
    return unproven(`${what}, whose replicas are not that project's`);
  if (hashText(source) === '' || hashText(source) !== hashText(image))
    return unproven(`${what}, and does not have its bytes`);
  return { kind: 'ours' };
};

export const hasOurMark = (image: ImageFacts, keepers: Keepers, sourceOf: SourceOf): image is Marked =>
  markOf(image, keepers, sourceOf).kind === 'ours';
