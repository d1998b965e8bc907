import { type RelayObjectServices, readRelayObject } from '../../copies/object/relay-object.ts';
import { changesTo } from '../../properties/changes.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Copies } from '../../state/copies.ts';
import type { Transferred } from '../../state/copy.ts';
import type { Task } from '../../state/task.ts';
import { isKnownAlgorithm, lengthsOf } from '../../transfer/algorithms.ts';
import { createThreadDigest } from '../../transfer/digest-thread.ts';

export interface IsGivenServices extends RelayObjectServices {
  readonly copies: Pick<Copies, 'get'>;
}

/** What of a run it needs. */
interface Run {
  readonly task: Task;
  readonly signal: AbortSignal;
}

/** Whether an image holds what was transferred, by Glance's own hash of what it stored. */
export type Likeness = 'same' | 'other' | 'unknown';

export const likenessOf = (image: GlanceImage, { size, digests }: Transferred): Likeness => {
  if (image.size !== size) return 'other';
  const byHash = digests[image.os_hash_algo ?? ''];
  if (byHash !== undefined) return byHash === image.os_hash_value ? 'same' : 'other';
  const { md5 } = digests;
  return md5 === undefined || !image.checksum ? 'unknown' : md5 === image.checksum ? 'same' : 'other';
};

/** The target hashes by an algorithm that nothing was digested by yet: the relay's object still is there. */
const likenessByReading = async (
  services: IsGivenServices,
  { task, signal }: Run,
  image: GlanceImage,
  { size }: Transferred,
): Promise<Likeness> => {
  const algorithm = image.os_hash_algo;
  if (!algorithm || !isKnownAlgorithm(algorithm)) return 'unknown';
  const copy = task.copyId && (await services.copies.get(task.copyId));
  if (!copy) return 'unknown';
  const lengths = lengthsOf([{ algorithm, value: image.os_hash_value ?? '' }]);
  const digest = createThreadDigest({ algorithms: [algorithm], lengths });
  try {
    for await (const { bytes, release } of readRelayObject(services, copy, { size, signal }))
      await digest.update(bytes).finally(release);
    return likenessOf(image, { size, digests: await digest.values() });
  } finally {
    digest.close();
  }
};

/**
 * The same, also where the target's Glance hashes by an algorithm that the bytes were not digested by: then the relay's
 * object is read once more, which takes as long as the image is large.
 */
export const storedLikeness = async (
  services: IsGivenServices,
  run: Run,
  image: GlanceImage,
  transferred: Transferred,
): Promise<Likeness> => {
  const likeness = likenessOf(image, transferred);
  return likeness === 'unknown' ? await likenessByReading(services, run, image, transferred) : likeness;
};

const hasProperties = ({ isApplied, wanted }: Task, image: GlanceImage): boolean =>
  isApplied === true || (wanted !== undefined && Object.keys(changesTo(image, wanted)).length === 0);

/**
 * Whether the target is active and has all that this import was to give it: an earlier try has done so, and could not
 * say it any more. An image that its owner has given other data, or the same data without the source's formats and
 * properties, is none of ours.
 * @param mayRead whether the relay's object may be read for it, which takes as long as the image is large
 */
export const isGiven = async (
  services: IsGivenServices,
  run: Run,
  image: GlanceImage,
  { mayRead = true }: { readonly mayRead?: boolean } = {},
): Promise<boolean> => {
  const { activation, transferred } = run.task;
  if (image.status !== 'active' || !hasProperties(run.task, image)) return false;
  if (activation === 'none') return true;
  if (!transferred) return false;
  if (!mayRead) return likenessOf(image, transferred) === 'same';
  return (await storedLikeness(services, run, image, transferred)) === 'same';
};
