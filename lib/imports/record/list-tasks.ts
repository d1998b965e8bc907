import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import type { Identity } from '../../openstack/validate-token.ts';
import { parseImageId, type Token } from '../../schemas/ids.ts';
import { tasksOfGlance } from './glance-tasks.ts';
import { progressMessage } from '../../copies/progress.ts';
import type { SegmentRecords } from '../../copies/segment-records.ts';
import type { TargetRegion } from '../request/target-region.ts';
import { hasEnded, type Task } from './task.ts';
import { type TaskView, taskView } from './task-view.ts';
import type { Tasks } from './tasks.ts';

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
 * Glance's rule (db/sqlalchemy/api.py, _is_task_visible): whoever sees an image does not see its tasks, they are their
 * project's. Its admin is who has this role (policy `context_is_admin`, whose names of roles know no case).
 */
const isShownTo =
  ({ projectId, roles }: Identity) =>
  ({ owner }: Task): boolean =>
    owner === projectId || roles.some((role) => role.toLowerCase() === 'admin');

/**
 * An image's tasks as far as they are the caller's business: Glance's own and ours, oldest first.
 * @throws FerryError `not-found` for whom the image is not visible
 */
export const createListTasks =
  ({ targetRegion, tasks, segments }: ListServices) =>
  async (imageId: string, token: Token, options: { readonly signal: AbortSignal }): Promise<TaskView[]> => {
    const { identity, target } = await targetRegion(token, options);
    const id = parseImageId(imageId);
    if (!id) throw new FerryError('not-found', `No image found with ID ${echo(imageId)}`);
    const [, own, ours] = await Promise.all([
      target.image(id, options),
      tasksOfGlance(target, id, options),
      tasks.list(id),
    ]);
    const shown = await Promise.all(
      ours.filter(isShownTo(identity)).map((task) => withProgress(segments, task)),
    );
    return [...own, ...shown.map(taskView)].sort((a, b) =>
      `${a['created_at']}`.localeCompare(`${b['created_at']}`),
    );
  };
