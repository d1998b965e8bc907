import type { CloudRegion } from '../../clouds/cloud.ts';
import { FerryError } from '../../errors.ts';
import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Provenance } from './provenance.ts';

/** Who has an id that a replica was to have. */
export type Taker =
  /**
   * Nobody whom we see: Glance says 404 of an image that was deleted, and of one that is another project's and private, as
   * long as we are no admin there.
   */
  | { readonly kind: 'unseen' }
  /** An image of our own project without our mark. */
  | { readonly kind: 'unmarked' }
  | { readonly kind: 'foreign'; readonly project: string };

/** Glance gives no id twice, not even after the image was deleted. */
export interface TakenId {
  readonly id: ImageId;
  readonly by: Taker;
}

/** @param image as far as it is to be seen */
export const takenBy = (
  image: GlanceImage | undefined,
  { identity }: Pick<CloudRegion, 'identity'>,
): Taker => {
  if (!image) return { kind: 'unseen' };
  const { owner } = image;
  return owner === identity.projectId
    ? { kind: 'unmarked' }
    : { kind: 'foreign', project: typeof owner === 'string' ? owner : 'nobody' };
};

/** `15 of project a, 5 of project b` */
const projectsIn = (taken: readonly TakenId[]): string =>
  [...Map.groupBy(taken, ({ by }) => (by.kind === 'foreign' ? by.project : ''))]
    .map(([project, { length }]) => `${length} of project ${project}`)
    .join(', ');

const isOf =
  (kind: Taker['kind']) =>
  ({ by }: TakenId): boolean =>
    by.kind === kind;

const known = (taken: readonly TakenId[], region: string): string => {
  const [foreign, unmarked, unseen] = [
    taken.filter(isOf('foreign')),
    taken.filter(isOf('unmarked')),
    taken.filter(isOf('unseen')),
  ];
  return [
    ...(foreign.length > 0 ? [`images of others have ${foreign.length} (${projectsIn(foreign)})`] : []),
    ...(unmarked.length > 0
      ? [`images of our project without our mark have ${unmarked.length}, as image ${unmarked[0]?.id}`]
      : []),
    ...(unseen.length > 0
      ? [`images that were deleted, or that nobody shows us, have ${unseen.length} (region ${region})`]
      : []),
  ].join('; ');
};

/** What is known of who has all the ids that a replica may have, and what can be done about it. */
export const noIdIsFree = (
  { sourceRegion, sourceId }: Provenance,
  { region }: Pick<CloudRegion, 'region'>,
  taken: readonly TakenId[],
): FerryError => {
  const what = `Image ${sourceId} cannot be in region ${region}`;
  const ids =
    taken.length === 1 ? `the id ${taken[0]?.id} is` : `all ${taken.length} ids that it may have there are`;
  const advice = `Glance gives no id twice, so upload it to ${sourceRegion} anew: it gets another id, and its replica others`;
  return new FerryError('conflict', `${what}: ${ids} taken: ${known(taken, region)}. ${advice}`);
};
