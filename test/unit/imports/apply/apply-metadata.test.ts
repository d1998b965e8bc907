import { createHash, randomBytes } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createS3Client } from '../../../../lib/aws/s3/s3-client.ts';
import { objectKey } from '../../../../lib/copies/record/object-key.ts';
import { FerryError } from '../../../../lib/errors.ts';
import type { OpenAccess } from '../../../../lib/imports/access/access.ts';
import { type ApplyServices, createApplyMetadata } from '../../../../lib/imports/apply/apply-metadata.ts';
import { giveData } from '../../../../lib/imports/apply/give-data.ts';
import { log } from '../../../../lib/log.ts';
import { type ImageId, newAttemptId } from '../../../../lib/schemas/ids.ts';
import type { Copy } from '../../../../lib/state/copy.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import type { Task } from '../../../../lib/state/task.ts';
import type { TaskChanges } from '../../../../lib/state/tasks.ts';
import { createDeadline } from '../../../../lib/steps/deadline.ts';
import { runStep } from '../../../../lib/steps/run-step.ts';
import { lambdaContext } from '../../../integration/lambda.ts';
import { dyingAfter, makeCopy, useLocalState } from '../../local-state.ts';
import { useGlance } from '../glance-of-its-own.ts';
import { taskFixture } from '../task-fixture.ts';

const use = useLocalState();
const useTarget = useGlance({});
const bytes = randomBytes(100_000);
const sha512 = createHash('sha512').update(bytes).digest('hex');
const transferred = { size: bytes.length, digests: { sha512 }, provenBy: 'sha512' };
const wanted = { disk_format: 'raw', container_format: 'bare', hw_disk_bus: 'scsi' };
const other = taskFixture();
let task: Task;
let copy: Copy;

/** An import whose copy, which another one waits for as well, is finished. */
beforeEach(async () => {
  use().sent.length = 0;
  use().told.length = 0;
  const { id } = await useTarget().region.createImage({ hw_disk_bus: 'ide' });
  const fresh = taskFixture(id as ImageId);
  copy = await makeCopy(use(), [fresh, other], { transferred });
  const object = { Bucket: use().aws.bucketName, Key: objectKey(copy), Body: bytes };
  await createS3Client().send(new PutObjectCommand(object));
  task = { ...fresh, status: 'processing', copyId: copy.copyId, wanted };
  await use().claims.take(importRef(task));
  await use().tasks.create(task);
});

const run = async (more: Partial<ApplyServices> = {}, message: { activation?: 'none' } = {}) => {
  const openAccess = (async () => ({ target: useTarget().glance })) as unknown as OpenAccess;
  const pace = { name: 'apply-metadata', heartbeatS: 60, retryDelayS: 1 } as const;
  const propertyRules = { prefixes: [], inject: { os_distro: 'debian' }, ignoreUserRoles: [] };
  const sourceBudget = { retries: 0, firstDelayMs: 1 };
  const services = { ...use(), ...pace, openAccess, propertyRules, sourceBudget, ...more };
  const deadline = createDeadline(lambdaContext(), 0);
  const delivery = { receiveCount: 1, hideFor: async () => undefined };
  const received = { message: { ...importRef(task), ...message }, delivery, deadline };
  await runStep(services, createApplyMetadata(services), received).finally(deadline.close);
};
const target = () => useTarget().region.image(task.imageId);
const toFailImport = () => [{ to: 'fail-import', message: importRef(task) }];

describe('an import whose copy is finished', () => {
  test('gives its target formats, properties and data, and leaves the copy to the others', async () => {
    await run();
    expect(target()).toMatchObject({
      ...wanted,
      status: 'active',
      size: bytes.length,
      os_hash_value: sha512,
    });
    expect(await use().tasks.get(task)).toMatchObject({ status: 'success' });
    expect((await use().copies.get(copy.copyId))?.waiting).toEqual([importRef(other)]);
    expect(await use().claims.holder(task)).toBeUndefined();
    expect(use().sent).toEqual([]);
    expect(use().told).toMatchObject([
      { state: 'success', previous: 'processing', bytes: bytes.length, sha512, copyId: copy.copyId },
    ]);
  });

  test('keeps what it sets, and what the target may hold by then, in one write before it sets anything', async () => {
    const written: TaskChanges[] = [];
    const { tasks } = use();
    const update: typeof tasks.update = async (ref, changes) => {
      written.push({ ...changes, status: target()?.['hw_disk_bus'] as never });
      return await tasks.update(ref, changes);
    };
    await run({ tasks: { ...tasks, update } });
    const changes = {
      disk_format: { was: null, set: 'raw' },
      container_format: { was: null, set: 'bare' },
      hw_disk_bus: { was: 'ide', set: 'scsi' },
    };
    expect(written[0]).toEqual({ changes, wanted, transferred, status: 'ide' });
  });

  test('touches nothing where its end has begun meanwhile: that would find nothing to roll back', async () => {
    const { tasks, claims } = use();
    const read: (Task | undefined)[] = [];
    const update: typeof tasks.update = async (ref, changes) => {
      // By the clock of fail-import's machine the lease of the attempt has ended.
      vi.setSystemTime(Date.now() + 600_000);
      await claims.beginEnd(ref, newAttemptId());
      vi.useRealTimers();
      read.push(await tasks.get(ref));
      return await tasks.update(ref, changes);
    };
    await run({ tasks: { ...tasks, update } });
    expect(read[0]).not.toHaveProperty('changes');
    expect(target()).toMatchObject({ status: 'queued', hw_disk_bus: 'ide' });
    expect(target()).not.toMatchObject({ disk_format: 'raw' });
  });

  test.each(['update', 'decide', 'finish'] as const)('succeeds though a try died after %s', async (call) => {
    const { tasks } = use();
    await run({ tasks: dyingAfter(tasks, call) }).catch(() => undefined);
    await run();
    expect(target()).toMatchObject({ status: 'active', os_hash_value: sha512 });
    expect(await tasks.get(task)).toMatchObject({ status: 'success' });
    expect(await use().claims.holder(task)).toBeUndefined();
  });

  test('succeeds with activation none without data', async () => {
    await run({}, { activation: 'none' });
    expect(target()).toMatchObject({ ...wanted, status: 'queued' });
    expect(await use().tasks.get(task)).toMatchObject({
      status: 'success',
      message: 'Formats and properties are set',
    });
  });

  test('is sent to its end when somebody else has given the target other data', async () => {
    useTarget().region.change(task.imageId, { status: 'active' });
    await run();
    expect(use().sent).toEqual(toFailImport());
    expect(await use().tasks.get(task)).toMatchObject({ failureCode: 'conflict' });
  });
});

describe('an import whose upload Glance has answered, and whose run died while it looked', () => {
  const refused = (async () => {
    throw new FerryError('unauthorized', 'the token has ended');
  }) as OpenAccess;

  beforeEach(async () => {
    const { tasks } = use();
    const update: typeof tasks.update = async (ref, changes) => {
      await tasks.update(ref, changes);
      if (changes.isUploaded) throw new Error('dead while it looked');
      return true;
    };
    await run({ tasks: { ...tasks, update } }).catch(() => undefined);
    expect(target()).toMatchObject({ status: 'active' });
    expect(await tasks.get(task)).toMatchObject({ status: 'processing', isUploaded: true });
  });

  test('succeeds in the next one, though the token has ended since, and says what nobody saw', async () => {
    await run({ openAccess: refused });
    expect(await use().tasks.get(task)).toMatchObject({
      status: 'success',
      message: expect.stringContaining('its image was not seen active'),
    });
    expect(await use().claims.holder(task)).toBeUndefined();
  });

  test('is a failure in the next one, where Glance holds other bytes', async () => {
    useTarget().region.change(task.imageId, { os_hash_value: 'another' });
    await run();
    expect(await use().tasks.get(task)).toMatchObject({ failureCode: 'data-mismatch', status: 'processing' });
    expect(use().sent).toContainEqual(toFailImport()[0]);
  });
});

test('an upload that Glance refuses since an earlier one is still on its way is tried again', async () => {
  useTarget().region.change(task.imageId, { ...wanted, status: 'saving' });
  const applying = { task: { ...task, transferred }, copy, signal: new AbortController().signal, log };
  const services = { ...use(), sourceBudget: { retries: 0, firstDelayMs: 1 } };
  const given = () => giveData(services, applying, useTarget().glance);
  await expect(given()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('saving'),
  });
  useTarget().region.change(task.imageId, { status: 'deactivated' });
  await expect(given()).rejects.toMatchObject({ code: 'conflict' });
});

describe('an import whose copy is not finished', () => {
  const withCopy = async (waits: Copy | undefined): Promise<void> => {
    const { copyId = 'c'.repeat(64) } = waits ?? {};
    await use().tasks.update(task, { copyId: copyId as Copy['copyId'] });
  };
  const untouched = () =>
    expect(target()).toMatchObject({ status: 'queued', disk_format: null, hw_disk_bus: 'ide' });

  test('waits on: the copy will send for it', async () => {
    await withCopy(await makeCopy(use(), [task], { copied: 1 }));
    await run();
    expect(use().sent).toEqual([]);
    expect(await use().tasks.get(task)).toMatchObject({ status: 'processing' });
    untouched();
  });

  test('is sent to its end for the copy’s reason, also where that was one of many tries', async () => {
    const failed = await makeCopy(use(), [task]);
    await use().copies.fail(failed, { reason: 'the source is away', code: 'unavailable' });
    await withCopy(failed);
    await run();
    expect(use().sent).toEqual(toFailImport());
    expect(await use().tasks.get(task)).toMatchObject({
      failure: 'the source is away',
      failureCode: 'unavailable',
    });
    untouched();
  });

  test('is sent to its end where the copy is of something else than its source', async () => {
    await withCopy(await makeCopy(use(), [other], { transferred }));
    await run();
    expect(use().sent).toEqual(toFailImport());
    expect((await use().tasks.get(task))?.failure).toMatch(/^Copy \w{64} is not of what image /);
    untouched();
  });

  test('is sent to its end when it is gone', async () => {
    await withCopy(undefined);
    await run();
    expect(use().sent).toEqual(toFailImport());
    expect((await use().tasks.get(task))?.failure).toMatch(/copy c{64}, which it waited for, is gone$/);
    untouched();
  });
});
