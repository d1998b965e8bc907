import { FerryError, hasCode } from '../errors.ts';
import type { Glance } from '../openstack/glance.ts';
import { type ImageId, parseImageId, type Token } from '../schemas/ids.ts';
import { progressMessage } from './progress.ts';
import type { SegmentRecords } from './segment-records.ts';
import type { TargetRegion } from './target-region.ts';
import { hasEnded, type Task } from './task.ts';
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

export interface ListServices {
  readonly targetRegion: TargetRegion;
  readonly tasks: Tasks;
  readonly segments: SegmentRecords;
}

/** A copy in segments has its progress in their records, so that they need not all write to their task. */
const withProgress = async (segments: SegmentRecords, task: Task): Promise<Task> => {
  if (!task.segments || task.stored || hasEnded(task)) return task;
  const { size, count } = task.segments;
  const records = [...(await segments.between(task, 1, count)).values()];
  const copied = records.reduce((sum, record) => sum + (record.copied ?? 0), 0);
  return { ...task, message: progressMessage(copied, size) };
};

/**
 * An image's tasks: Glance's own and ours, oldest first.
 * @throws FerryError `not-found` for whom the image is not visible
 */
export const createListTasks =
  ({ targetRegion, tasks, segments }: ListServices) =>
  async (imageId: string, token: Token, options: { readonly signal: AbortSignal }): Promise<TaskView[]> => {
    const { target } = await targetRegion(token, options);
    const id = parseImageId(imageId);
    if (!id) throw new FerryError('not-found', `No image found with ID ${imageId}`);
    const [, own, ours] = await Promise.all([
      target.image(id, options),
      tasksOfGlance(target, id, options),
      tasks.list(id),
    ]);
    const shown = await Promise.all(ours.map((task) => withProgress(segments, task)));
    return [...own, ...shown.map(taskView)].sort((a, b) =>
      `${a['created_at']}`.localeCompare(`${b['created_at']}`),
    );
  };
