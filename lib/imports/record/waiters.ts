import type { Waiters } from '../../copies/record/waiters.ts';
import { FerryError } from '../../errors.ts';
import type { Claims } from '../../state/claims.ts';
import type { ImportRef } from '../../state/refs.ts';
import { hasEnded, type Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import type { OpenAccess } from './access.ts';
import { createLookAtTarget, isWaiting } from './look-at-target.ts';
import { type FailureServices, failImport, hasFailed } from './task-failure.ts';

export interface WaiterServices extends FailureServices {
  readonly tasks: Pick<Tasks, 'get' | 'fail'>;
  readonly claims: Pick<Claims, 'keepWaiting'>;
  readonly openAccess: OpenAccess;
}

const waitsNoMore = ({ imageId, region }: ImportRef): FerryError =>
  new FerryError('conflict', `The import of image ${imageId} in region ${region} waits for no copy any more`);

/** What a copy knows of the imports that wait for it: their rights, and whether they still want its bytes. */
export const createWaiters = (services: WaiterServices): Waiters => {
  const { tasks, claims, openAccess } = services;
  const lookAtTarget = createLookAtTarget(openAccess, isWaiting);

  const waiting = async (ref: ImportRef): Promise<Task | undefined> => {
    const task = await tasks.get(ref);
    return !task || hasEnded(task) || task.ending || hasFailed(task) ? undefined : task;
  };

  return {
    open: async (ref, options) => {
      const task = await waiting(ref);
      return task && (await openAccess(task, options)).download;
    },
    keep: async (ref, options) => {
      const isKept = await claims.keepWaiting(ref);
      const task = await waiting(ref);
      if (!isKept || !task) throw waitsNoMore(ref);
      await lookAtTarget(task, options);
    },
    touch: async (ref) => {
      await claims.keepWaiting(ref);
    },
    fail: (ref, error) => failImport(services, ref, error),
  };
};
