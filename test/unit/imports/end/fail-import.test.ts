import { beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../../../../lib/clouds/cloud.ts';
import { FerryError } from '../../../../lib/errors.ts';
import type { OpenAccess } from '../../../../lib/imports/access/access.ts';
import { createRights } from '../../../../lib/imports/access/rights.ts';
import { createFailImport, type FailServices } from '../../../../lib/imports/end/fail-import.ts';
import { callersToken } from '../../../../lib/openstack/credentials.ts';
import { type ImageId, newAttemptId, newTaskId } from '../../../../lib/schemas/ids.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import type { Task, TaskSource } from '../../../../lib/state/task.ts';
import { createDeadline } from '../../../../lib/steps/deadline.ts';
import { runStep } from '../../../../lib/steps/run-step.ts';
import { lambdaContext } from '../../../integration/lambda.ts';
import { dyingAfter, makeCopy, useLocalState } from '../../local-state.ts';
import { useGlance } from '../glance-of-its-own.ts';
import { taskFixture } from '../task-fixture.ts';

const use = useLocalState();
const useTarget = useGlance({});
const failure = { reason: 'Failed to copy image 1: it has other bytes', code: 'data-mismatch' } as const;
const other = taskFixture();
let task: Task;
let copy: Copy;

/** An import that has set a property of its target, `queued`, while its copy has failed for it and another one. */
beforeEach(async () => {
  const { copies, tasks, claims } = use();
  const { region } = useTarget();
  const { id } = await region.createImage({ hw_disk_bus: 'scsi', os_type: 'linux' });
  const fresh = taskFixture(id as ImageId);
  copy = await makeCopy(use(), [fresh, other]);
  await copies.fail(copy, failure);
  const changes = { hw_disk_bus: { was: 'ide', set: 'scsi' }, os_type: { set: 'linux' } };
  task = { ...fresh, copyId: copy.copyId, changes };
  await claims.take(task);
  await tasks.create(task);
});

const fail = async (more: Partial<FailServices> = {}): Promise<void> => {
  const { glance: target } = useTarget();
  const openAccess = (async () => ({ target })) as unknown as OpenAccess;
  const pace = { name: 'fail-import', heartbeatS: 60, retryDelayS: 1 } as const;
  const services = { ...use(), ...pace, openAccess, sourceBudget: { retries: 0, firstDelayMs: 1 }, ...more };
  const deadline = createDeadline(lambdaContext(), 0);
  const delivery = { receiveCount: 1, hideFor: async () => undefined };
  const received = { message: importRef(task), delivery, deadline };
  await runStep(services, createFailImport(services), received).finally(deadline.close);
};
const properties = () => {
  const { hw_disk_bus, os_type } = useTarget().region.image(task.imageId) as Record<string, unknown>;
  return { hw_disk_bus, os_type };
};

test('an import fails for the reason of its copy, and its target is as it was', async () => {
  await fail();
  expect(await use().tasks.get(task)).toMatchObject({ status: 'failure', message: failure.reason });
  expect(properties()).toEqual({ hw_disk_bus: 'ide', os_type: undefined });
  expect(await use().claims.holder(task)).toBeUndefined();
  expect((await use().copies.get(copy.copyId))?.waiting).toEqual([importRef(other)]);
});

test('it does so for a reason of its own, where there is one that is final', async () => {
  await use().tasks.fail(task, { explanation: 'the token has ended', code: 'unauthorized' });
  await fail();
  expect(await use().tasks.get(task)).toMatchObject({ message: 'the token has ended' });
});

test('it says what could not be rolled back, where its target refuses', async () => {
  const openAccess = (async () => {
    throw new FerryError('unauthorized', 'the token has ended');
  }) as OpenAccess;
  await fail({ openAccess });
  expect(await use().tasks.get(task)).toMatchObject({
    status: 'failure',
    message: `${failure.reason}. Its formats and properties could not be rolled back: look at them before another import`,
  });
  expect(properties()).toEqual({ hw_disk_bus: 'scsi', os_type: 'linux' });
});

describe('an import is rolled back although', () => {
  const gone = () => Promise.reject(new FerryError('misconfigured', 'it is gone'));
  /** Opens its target with the rights that a task like this has. */
  const accessOf = (like: Partial<Task>): OpenAccess => {
    const { token, glanceAs } = useTarget();
    const session = async (name: string) =>
      (name === 'gone' ? gone() : { credentials: callersToken(token) }) as Promise<Session>;
    const keystone = { serviceToken: gone, dropServiceToken: () => undefined };
    const rightsOf = createRights({ keystone, clouds: { session } });
    return (async (asked, options) => ({
      target: glanceAs((await rightsOf({ ...asked, ...like }, { token }, options)).target),
    })) as OpenAccess;
  };
  const source: TaskSource = {
    ...{ kind: 'glance-download', region: 'NORTH', interface: 'public', cloud: 'gone' },
    imageId: newTaskId() as unknown as ImageId,
  };

  test.each<[string, Partial<Task>]>([
    ['the service user is refused: the caller’s token is good enough', {}],
    ['the cloud of its source is gone', { cloud: 'home', source }],
  ])('%s', async (_, like) => {
    await fail({ openAccess: accessOf(like) });
    expect(await use().tasks.get(task)).toMatchObject({ status: 'failure', message: failure.reason });
    expect(properties()).toEqual({ hw_disk_bus: 'ide', os_type: undefined });
  });
});

test('the reason stays, though the copy is gone before the import has ended', async () => {
  const { tasks, copies } = use();
  await expect(fail({ tasks: dyingAfter(tasks, 'fail') })).rejects.toThrow();
  await copies.leave(copy.copyId, other, 0);
  const left = await copies.leave(copy.copyId, task, 0);
  if (left.state === 'ending') await copies.remove(left.copy);
  await fail();
  expect(await tasks.get(task)).toMatchObject({ status: 'failure', message: failure.reason });
});

test('an import that was preempted ends, and leaves target and claim to the other one', async () => {
  const { claims, tasks, copies } = use();
  const next = { ...importRef(task), taskId: newTaskId() };
  await claims.release(task);
  await claims.take(next);
  await fail();
  expect(await tasks.get(task)).toMatchObject({ status: 'failure', message: 'Expired lock preempted' });
  expect(await claims.holder(task)).toBe(next.taskId);
  expect(properties()).toEqual({ hw_disk_bus: 'scsi', os_type: 'linux' });
  expect((await copies.get(copy.copyId))?.waiting).toEqual([importRef(other)]);
});

test('one that lost its claim to nobody is ended all the same; one that has ended is left alone', async () => {
  const { claims, tasks } = use();
  await claims.release(task);
  await fail();
  expect(await tasks.get(task)).toMatchObject({ status: 'failure' });
  await fail();
  expect(await claims.holder(task)).toBeUndefined();
});

test('while another attempt is at work nothing is done; the message comes again', async () => {
  await use().claims.begin(task, newAttemptId());
  use().sent.length = 0;
  await fail();
  expect(use().sent).toEqual([{ to: 'fail-import', message: importRef(task), delayS: 180 }]);
  expect(properties()).toEqual({ hw_disk_bus: 'scsi', os_type: 'linux' });
});

describe('an import whose upload Glance has answered, and whose target cannot be looked at', () => {
  const openAccess = (async () => {
    throw new FerryError('unauthorized', 'the token has ended');
  }) as OpenAccess;
  const transferred = { size: 5, digests: { sha512: 'x' }, provenBy: 'sha512' };

  test('is a success that nobody saw', async () => {
    await use().tasks.update(task, { transferred, isApplied: true, isUploaded: true });
    await use().tasks.fail(task, { explanation: 'the token has ended', code: 'unauthorized' });
    await fail({ openAccess });
    expect(await use().tasks.get(task)).toMatchObject({
      status: 'success',
      message: expect.stringContaining('its image was not seen active'),
    });
  });

  test('is a failure where Glance has said that it holds other bytes', async () => {
    await use().tasks.update(task, { transferred, isApplied: true, isUploaded: true });
    await use().tasks.fail(task, { explanation: 'it holds other bytes', code: 'data-mismatch' });
    await fail({ openAccess });
    expect(await use().tasks.get(task)).toMatchObject({
      status: 'failure',
      message: expect.stringContaining('it holds other bytes'),
    });
  });
});
