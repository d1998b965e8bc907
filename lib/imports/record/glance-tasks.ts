import { FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage, GlanceTasks } from '../../schemas/openstack.ts';

interface Options {
  readonly signal: AbortSignal;
}

type GlanceTask = GlanceTasks['tasks'][number];

const minute = 60_000; // ms
/** Glance's own (images.py, _enforce_import_lock): a task without a sign of life for so long holds its image no more. */
const lockLifeMs = { pending: 120 * minute, running: 60 * minute } as const;

/** The tasks of Glance's own imports that it shows to this caller. A Glance without the tasks API (before 2.12) has none. */
export const tasksOfGlance = async (
  target: Glance,
  id: ImageId,
  options: Options,
): Promise<readonly GlanceTask[]> => {
  try {
    return await target.tasks(id, options);
  } catch (error) {
    if (hasCode(error, 'not-found')) return [];
    throw error;
  }
};

/** ms since 1970. Tasks have UTC without saying so, images say `Z`. */
const timeOf = (time: unknown): number => Date.parse(`${time}`.replace(/Z?$/, 'Z'));

/** Of a task that has ended nothing works on the image any more, although a failed glance-download leaves its lock. */
const holdsImage = ({ status, updated_at }: GlanceTask, nowMs: number): boolean => {
  if (status === 'success' || status === 'failure') return false;
  const life = status === 'pending' ? lockLifeMs.pending : lockLifeMs.running;
  return !(nowMs - timeOf(updated_at) >= life);
};

/**
 * Check v of Glance's import_image: an import of Glance's own holds the image by a property, also while it is still
 * `queued`. What is not known of a task that the caller may not see, the image's own last change has to tell.
 * @throws FerryError `conflict` in Glance's words
 */
export const requireNoImportOfGlance = async (
  target: Glance,
  image: GlanceImage,
  options: Options,
): Promise<void> => {
  const lock = image['os_glance_import_task'];
  if (lock === undefined) return;
  const tasks = await tasksOfGlance(target, image.id as ImageId, options);
  const task = tasks.find(({ id }) => id === lock) ?? { updated_at: image.updated_at };
  if (holdsImage(task, Date.now())) throw new FerryError('conflict', 'Image has active task');
};
