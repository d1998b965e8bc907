import type { Waiters } from '../../copies/record/waiters.ts';
import { FerryError } from '../../errors.ts';
import type { Claims } from '../../state/claims.ts';
import { type ImportRef, importRef } from '../../state/refs.ts';
import { hasEnded, type Task } from '../../state/task.ts';
import type { Tasks } from '../../state/tasks.ts';
import type { OpenAccess } from '../access/access.ts';
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
  const { tasks, claims, send, openAccess } = services;
  const lookAtTarget = createLookAtTarget(openAccess, isWaiting);

  const unended = async (ref: ImportRef): Promise<Task | undefined> => {
    const task = await tasks.get(ref);
    return !task || hasEnded(task) || task.ending ? undefined : task;
  };
  const waiting = async (ref: ImportRef): Promise<Task | undefined> => {
    const task = await unended(ref);
    return task && !hasFailed(task) ? task : undefined;
  };

  return {
    open: async (ref, options) => {
      const task = await unended(ref);
      if (!task) return undefined;
      if (!hasFailed(task)) return (await openAccess(task, options)).download;
      // Whoever has failed it may have died before this, and the copy's message may be the last that speaks of it.
      await send({ to: 'fail-import', message: importRef(ref) });
      return undefined;
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
