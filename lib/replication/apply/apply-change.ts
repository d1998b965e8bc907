import { asFerryError, hasCode } from '../../errors.ts';
import { log } from '../../log.ts';
import type { Images } from '../../openstack/glance/images.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Change, Reliance } from '../plan/change.ts';
import { provenanceNames } from '../record/provenance.ts';
import { done, failed, kept, timeEnded, type Verdict } from './result.ts';
import { differing, operationsFor, type Values } from './values.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** A region's images, and the project whose replicas are ours there. */
export interface Place {
  readonly images: Images;
  readonly projectId: string;
}

/** What is done to an image that is there. */
export type ImageChange = Exclude<Change, { readonly kind: 'copy' | 'skip' }>;
type MemberChange = Extract<Change, { readonly kind: 'members' }>;

/** What the image's record says when the change is done; nothing for what no PATCH does. */
const valuesOf = (change: ImageChange): Values => {
  if (change.kind === 'update') return change.set;
  if (change.kind === 'hide') return { os_hidden: true };
  if (change.kind === 'rename') return { name: change.to };
  if (change.kind === 'publish' || change.kind === 'unpublish') return { visibility: change.visibility };
  return change.kind === 'deactivate' ? { status: 'deactivated' } : {};
};

/** Its members must be asked for, and one that is gone is found to be gone. */
const isDoneAlready = (change: ImageChange, image: GlanceImage): boolean =>
  change.kind !== 'members' && change.kind !== 'delete' && differing(image, valuesOf(change)).length === 0;

const soAlready = done('it is so already');

const hasMark = (image: GlanceImage): boolean =>
  [provenanceNames.sourceRegion, provenanceNames.sourceId].every((name) => Boolean(image[name]));

/**
 * Whether it is ours, or the project's whose the plan has proven it to be: with the hash that goes with that, which is one of
 * the values that it relies on. Anybody may write our mark on an image of his own.
 */
const isTheirs = (image: GlanceImage, is: Values, projectId: string): boolean =>
  image['owner'] === (is['owner'] ?? projectId);

/** Why the image is left alone, as it is now. */
const refusalOf = (change: ImageChange, image: GlanceImage, projectId: string): string | undefined => {
  if (!hasMark(image)) return 'it carries no mark of ours';
  if (!isTheirs(image, change.was ?? {}, projectId)) return 'it belongs to another project';
  const changed = differing(image, change.was ?? {});
  if (changed.length > 0) return `it has changed since the plan: ${changed.join(', ')}`;
  return change.kind === 'delete' && image['protected'] === true ? 'it is protected' : undefined;
};

/** Why the image that takes its place does not do so, as that one is now. */
const successorRefusal = async (
  { images, projectId }: Place,
  { image, is }: Reliance,
  options: Options,
): Promise<string | undefined> => {
  try {
    const record = await images.image(image, options);
    if (!isTheirs(record, is, projectId))
      return `image ${image}, which takes its place, belongs to another project`;
    const changed = differing(record, is);
    if (changed.length === 0) return undefined;
    return `image ${image}, which takes its place, has changed since the plan: ${changed.join(', ')}`;
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
    return `image ${image}, which takes its place, is not there any more`;
  }
};

/** Only those that are missing, or too many: another run may have been here. */
const changeMembers = async (images: Images, change: MemberChange, options: Options): Promise<void> => {
  const { image, add, remove } = change;
  const members = new Set(await images.members(image, options));
  for (const project of add.filter((one) => !members.has(one)))
    await images.addMember(image, project, options);
  for (const project of remove.filter((one) => members.has(one)))
    await images.removeMember(image, project, options);
};

const carryOut = async (
  images: Images,
  change: ImageChange,
  record: GlanceImage,
  options: Options,
): Promise<void> => {
  if (change.kind === 'delete') return images.remove(change.image, options);
  if (change.kind === 'deactivate') return images.deactivate(change.image, options);
  if (change.kind === 'members') return changeMembers(images, change, options);
  await images.patch(change.image, operationsFor(record, valuesOf(change)), options);
};

/** A mistake of ours is looked for in the log. */
export const tellMistake = ({ kind, region, image }: Change, error: unknown): void => {
  if (asFerryError(error).code === 'internal')
    log.error('change failed', { kind, region, image_id: image, error: error as Error });
};

/**
 * Glance answers 409 to who removes a property that is not there: somebody else has removed it since the record was read, or
 * this call itself, sent again after a lost answer.
 */
const carryOutOnce = async (
  images: Images,
  change: ImageChange,
  record: GlanceImage,
  options: Options,
): Promise<Verdict> => {
  try {
    await carryOut(images, change, record, options);
    return done(change.reason);
  } catch (error) {
    const isRefused = change.kind === 'update' && hasCode(error, 'conflict');
    if (isRefused && isDoneAlready(change, await images.image(change.image, options))) return soAlready;
    throw error;
  }
};

/** Glance lets admins alone give an image away (glance/api/v2/images.py, _do_replace), and says so in a few words. */
const advice = (change: ImageChange, error: unknown): string => {
  const owner = valuesOf(change)['owner'];
  if (owner === undefined || !hasCode(error, 'forbidden')) return '';
  return (
    `; it is to belong to project ${owner}, by the policy's table of projects, for which the credential for region ` +
    `${change.region} needs Glance's admin rights (context_is_admin, by default the role admin)`
  );
};

/** What a call that did not work means for the change. */
const verdictOf = (change: ImageChange, error: unknown, { signal }: Options): Verdict => {
  if (signal.aborted) return timeEnded();
  const { explanation, message, retryable } = asFerryError(error);
  if (hasCode(error, 'not-found'))
    return change.kind === 'delete' ? done('it is gone already') : kept('it is not there any more');
  if (hasCode(error, 'conflict') && change.isRetirement) return kept(`it is in use: ${message}`);
  tellMistake(change, error);
  return failed(`${explanation}${advice(change, error)}`, retryable);
};

/**
 * Carries out one change of one image, as it is now: what is so already is done; what has changed since the plan, is not
 * ours, or has lost its successor, is kept. May run twice, side by side, or die anywhere; never throws.
 * @param place of the change's region
 */
export const applyChange = async (place: Place, change: ImageChange, options: Options): Promise<Verdict> => {
  const { images, projectId } = place;
  try {
    options.signal.throwIfAborted();
    const record = await images.image(change.image, options);
    if (isDoneAlready(change, record)) return soAlready;
    const refusal =
      refusalOf(change, record, projectId) ??
      (change.relies && (await successorRefusal(place, change.relies, options)));
    if (refusal !== undefined) return kept(refusal);
    return await carryOutOnce(images, change, record, options);
  } catch (error) {
    return verdictOf(change, error, options);
  }
};
