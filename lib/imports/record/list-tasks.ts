import { copyProgress } from '../../copies/record/progress-message.ts';
import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import type { Identity } from '../../openstack/validate-token.ts';
import { parseImageId } from '../../schemas/ids.ts';
import type { Copies } from '../../state/copies.ts';
import { hasEnded, type Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import type { Asking, Targets } from '../access/targets.ts';
import { tasksOfGlance } from './glance-tasks.ts';
import { type TaskView, taskView } from './task-view.ts';

export interface ListServices {
  readonly targets: Targets;
  readonly tasks: Pick<Tasks, 'list'>;
  readonly copies: Pick<Copies, 'get'>;
}

/** A request for an image's tasks. */
export interface AskedTasks extends Asking {
  /** As in the path. */
  readonly imageId: string;
}

/** While an import waits for a copy, its progress is the copy's, whoever has begun it. */
const withProgress = async (copies: ListServices['copies'], task: Task): Promise<Task> => {
  if (!task.copyId || task.transferred || task.ending || hasEnded(task)) return task;
  const copy = await copies.get(task.copyId);
  return copy ? { ...task, message: copyProgress(copy) } : task;
};

/**
 * Glance's rule (db/sqlalchemy/api.py, _is_task_visible): whoever sees an image does not see its tasks, they are their
 * project's. Its admin is who has this role (policy `context_is_admin`, whose names of roles know no case).
 */
export const isShownTo =
  ({ projectId, roles }: Identity) =>
  ({ owner }: Task): boolean =>
    owner === projectId || roles.some((role) => role.toLowerCase() === 'admin');

/**
 * An image's tasks as far as they are the caller's business: its Glance's own and ours, oldest first.
 * @throws FerryError `not-found` for whom the image is not visible
 */
export const createListTasks =
  ({ targets, tasks, copies }: ListServices) =>
  async (asked: AskedTasks): Promise<TaskView[]> => {
    const { identity, region, target } = await targets.caller(asked);
    const imageId = parseImageId(asked.imageId);
    if (!imageId) throw new FerryError('not-found', `No image found with ID ${echo(asked.imageId)}`);
    const options = { signal: asked.signal };
    const [, own, ours] = await Promise.all([
      target.image(imageId, options),
      tasksOfGlance(target, imageId, options),
      tasks.list({ region, imageId }),
    ]);
    const shown = await Promise.all(
      ours.filter(isShownTo(identity)).map((task) => withProgress(copies, task)),
    );
    return [...own, ...shown.map(taskView)].sort((a, b) =>
      `${a['created_at']}`.localeCompare(`${b['created_at']}`),
    );
  };
