import { setTimeout as delay } from 'node:timers/promises';
import { FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { Task } from '../../state/task.ts';
import type { OpenAccess } from '../access/access.ts';

interface Options {
  readonly signal: AbortSignal;
}

const looks = 3;
const betweenLooksMs = 500;

/**
 * A target that is there, or surely is not: a replica of Glance's database that is behind says 404 for a moment.
 * @throws FerryError `not-found` when it says so several times; what else Glance refuses
 */
export const targetImage = async (target: Glance, id: ImageId, options: Options): Promise<GlanceImage> => {
  for (let look = 1; ; look += 1) {
    try {
      return await target.image(id, options);
    } catch (error) {
      if (look === looks || !hasCode(error, 'not-found')) throw error;
      await delay(betweenLooksMs, undefined, options);
    }
  }
};

/** In which states of its target a step has something to work for. */
export type Wanted = (image: GlanceImage) => boolean;

/** While its bytes are copied, a target waits for them. */
export const isWaiting: Wanted = ({ status }) => status === 'queued';
/** While it is given its data, it is in any state. */
export const isThere: Wanted = () => true;

/**
 * A look at the target beside the step's own work: one that was deleted, or that its owner has given other data, needs no
 * more bytes. What cannot be looked at is no reason to end.
 * @throws FerryError `not-found` or `conflict`
 */
export const createLookAtTarget =
  (openAccess: OpenAccess, isWanted: Wanted) =>
  async (task: Task, options: Options): Promise<void> => {
    const { target } = await openAccess(task, options);
    const image = await targetImage(target, task.imageId, options).catch((error: unknown) => {
      if (!hasCode(error, 'not-found')) return undefined;
      throw new FerryError('not-found', `Image ${task.imageId} was deleted while its import ran`, {
        cause: error,
      });
    });
    if (!image || isWanted(image)) return;
    const reason = `Image ${task.imageId} became ${image.status} while its import ran`;
    throw new FerryError('conflict', `${reason}: it takes no data any more`);
  };
