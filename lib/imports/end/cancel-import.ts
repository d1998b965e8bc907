import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { logOf } from '../../log.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import { type ImageId, parseImageId } from '../../schemas/ids.ts';
import type { Claims } from '../../state/claims.ts';
import type { Send } from '../../state/messages.ts';
import { importRef } from '../../state/refs.ts';
import { hasEnded, type Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import { requireModifiable, seemsModifiable } from '../access/modifiable.ts';
import type { Targets } from '../access/targets.ts';
import { type AskedTasks, isShownTo } from '../record/list-tasks.ts';

export interface CancelServices {
  readonly targets: Targets;
  readonly tasks: Pick<Tasks, 'list' | 'fail'>;
  readonly claims: Pick<Claims, 'callOff'>;
  readonly send: Send;
}

const cancelled = (isOwner: boolean): FerryError =>
  new FerryError('cancelled', `Cancelled by ${isOwner ? 'its owner' : 'an admin'}`);

const noneRuns = (imageId: ImageId): FerryError =>
  new FerryError('not-found', `No import of image ${imageId} is running`);

/** An image that is gone is nobody's to protect: its import ends all the same. @throws FerryError `forbidden` */
const requireRight = async (target: Glance, imageId: ImageId, { signal }: AskedTasks): Promise<void> => {
  if (await seemsModifiable(target, imageId, { signal })) return;
  await requireModifiable(target, await target.image(imageId, { signal }), { signal });
};

/**
 * The step `cancel-import`: ends an image's running imports as failures, by fail-import as every other failure. Its
 * reason comes first: whoever dies here, the import's next step finds that it has failed. Its claim is called off last: an
 * attempt that has lost it leaves everything to fail-import, which must have been sent for. One whose data is in the target
 * already succeeds all the same. It may be asked for again.
 * @throws FerryError `not-found` when no import runs that the caller may see; `forbidden` in Glance's words for whom its
 *   policy gives no import either, a reader with secure RBAC; `conflict` when it has just succeeded
 */
export const createCancelImport =
  (services: CancelServices) =>
  async (asked: AskedTasks): Promise<void> => {
    const { identity, region, target } = await services.targets.caller(asked);
    const imageId = parseImageId(asked.imageId);
    if (!imageId) throw new FerryError('not-found', `No image found with ID ${echo(asked.imageId)}`);
    const isRunning = (task: Task): boolean => !hasEnded(task) && isShownTo(identity)(task);
    const running = (await services.tasks.list({ region, imageId })).filter(isRunning);
    if (running.length === 0) throw noneRuns(imageId);
    await requireRight(target, imageId, asked);
    const ends = running.filter(({ ending }) => ending?.status !== 'success');
    if (ends.length === 0)
      throw new FerryError('conflict', `The import of image ${imageId} has just succeeded`);
    for (const task of ends) {
      await services.tasks.fail(task, cancelled(task.owner === identity.projectId));
      await services.send({ to: 'fail-import', message: importRef(task) });
      await services.claims.callOff(task);
      logOf(task).info('import cancelled', { by: identity.userId });
    }
  };
