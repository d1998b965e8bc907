import { FerryError, hasCode } from '../errors.ts';
import type { Glance } from '../openstack/glance.ts';
import { type ImageId, parseImageId, type Token } from '../schemas/ids.ts';
import type { TargetRegion } from './target-region.ts';
import { type TaskView, taskView } from './task-view.ts';
import type { Tasks } from './tasks.ts';

/** A Glance without the tasks API (before 2.12) has none to add. */
const tasksOfGlance = async (target: Glance, id: ImageId, options: { signal: AbortSignal }) => {
  try {
    return await target.tasks(id, options);
  } catch (error) {
    if (hasCode(error, 'not-found')) return [];
    throw error;
  }
};

/**
 * An image's tasks: Glance's own and ours, oldest first.
 * @throws FerryError `not-found` for whom the image is not visible
 */
export const createListTasks =
  ({ targetRegion, tasks }: { readonly targetRegion: TargetRegion; readonly tasks: Tasks }) =>
  async (imageId: string, token: Token, options: { readonly signal: AbortSignal }): Promise<TaskView[]> => {
    const { target } = await targetRegion(token, options);
    const id = parseImageId(imageId);
    if (!id) throw new FerryError('not-found', `No image found with ID ${imageId}`);
    const [, own, ours] = await Promise.all([
      target.image(id, options),
      tasksOfGlance(target, id, options),
      tasks.list(id),
    ]);
    return [...own, ...ours.map(taskView)].sort((a, b) =>
      `${a['created_at']}`.localeCompare(`${b['created_at']}`),
    );
  };
