import { setTimeout as delay } from 'node:timers/promises';
import { type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDelivery, createOutbox, createSqsClient, type Delivery } from '../../../lib/aws/queue.ts';
import { createDynamoClient, createTable, type Table } from '../../../lib/aws/table.ts';
import { FerryError } from '../../../lib/errors.ts';
import { type Claims, createClaims } from '../../../lib/imports/record/claims.ts';
import { createTasks, type Tasks } from '../../../lib/imports/record/tasks.ts';
import { log } from '../../../lib/log.ts';
import { newAttemptId } from '../../../lib/schemas/ids.ts';
import type { Task } from '../../../lib/state/task.ts';
import type { ImportMessage } from '../../../lib/steps/messages.ts';
import { runStep, type Step, type StepServices } from '../../../lib/steps/run-step.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { taskFixture } from '../imports/task-fixture.ts';
import { startLocalAws } from '../local-aws.ts';

let aws: LocalAws;
let table: Table;
let tasks: Tasks;
let claims: Claims;
let task: Task;
let services: StepServices;
/** Seconds that each message was hidden for, in order. */
let hidden: number[];
/** Messages that were sent to the step's own queue again, with their delay in seconds. */
let sentAnew: { message: ImportMessage; delayS: number }[];
const live = new AbortController().signal;
const sqs = () => createSqsClient();
const urlOf = (name: string): string => aws.queues[name]?.url ?? '';
const done: Step = async () => undefined;

beforeAll(async () => {
  log.setLogLevel('SILENT');
  aws = await startLocalAws();
  table = createTable(createDynamoClient(), aws.tableName);
  tasks = createTasks(table, { ttlH: 48 });
  claims = createClaims(table, { leaseMs: 30_000 });
});
beforeEach(async () => {
  hidden = [];
  sentAnew = [];
  const ownQueue: StepServices['ownQueue'] = {
    send: async (message, { delayS = 0 } = {}) => void sentAnew.push({ message, delayS }),
  };
  const failQueue = createOutbox<ImportMessage>(sqs(), urlOf('FailImportQueue'));
  services = { tasks, claims, ownQueue, failQueue, heartbeatS: 20, retryDelayS: 10 };
  task = taskFixture();
  await claims.take(task.imageId, task.id);
  await tasks.create(task);
  await claims.queued(task.imageId, task.id);
});
afterAll(() => aws.stop());

const receive = async (queue: string): Promise<Message | undefined> => {
  const names = ['ApproximateReceiveCount' as const];
  const asked = new ReceiveMessageCommand({ QueueUrl: urlOf(queue), MessageSystemAttributeNames: names });
  return (await sqs().send(asked)).Messages?.[0];
};

/** The message of this task, received from SQS. @param receiveCount as if it had been received so often */
const received = async (more: { receiveCount?: number; deadline?: AbortSignal } = {}) => {
  const message = { imageId: task.imageId, taskId: task.id };
  await createOutbox(sqs(), urlOf('StreamImageQueue')).send(message);
  const { ReceiptHandle = '' } = (await receive('StreamImageQueue')) ?? {};
  const record = { receiptHandle: ReceiptHandle, attributes: { ApproximateReceiveCount: '1' } };
  const real = createDelivery(sqs(), urlOf('StreamImageQueue'), record);
  const delivery: Delivery = {
    receiveCount: more.receiveCount ?? 1,
    hideFor: async (seconds) => {
      hidden.push(seconds);
      // SQS takes whole seconds; a test's heartbeats are shorter.
      await real.hideFor(Math.ceil(seconds));
    },
  };
  return { message, delivery, deadline: more.deadline ?? live };
};

const fails =
  (code: ConstructorParameters<typeof FerryError>[0]): Step =>
  () =>
    Promise.reject(new FerryError(code, `because of ${code}`));
const claim = async () => (await table.get({ imageId: task.imageId, item: 'claim' })) ?? {};
const expireLease = () => table.update({ imageId: task.imageId, item: 'claim' }, { leaseUntil: 0 });
const read = async (): Promise<Task> => (await tasks.get(task)) ?? expect.fail('no task');
const another = () => ({ imageId: task.imageId, taskId: task.id, attempt: newAttemptId() });

describe('a step that works', () => {
  test('sees its task, keeps its message hidden, and leaves the import to the next step', async () => {
    let seen: Task | undefined;
    await runStep(services, await received(), async ({ task, signal }) => {
      seen = task;
      expect(signal.aborted).toBe(false);
      expect(await claims.begin(another())).toBe('live');
      return undefined;
    });
    expect(seen).toMatchObject({ id: task.id, imageId: task.imageId });
    expect(hidden).toEqual([60]);
    expect(await claims.begin(another())).toBe('mine');
  });

  test('hands on only when the next step can begin', async () => {
    let next: string | undefined;
    const step: Step = async () => async () => {
      next = await claims.begin(another());
    };
    await runStep(services, await received(), step);
    expect(next).toBe('mine');
  });

  test('stays alive by its heartbeat', async () => {
    const fast = { ...services, heartbeatS: 0.1, claims: createClaims(table, { leaseMs: 1_000 }) };
    await runStep(fast, await received(), async () => {
      await delay(1_200);
      expect(await claims.begin(another())).toBe('live');
      return undefined;
    });
    expect(hidden.length).toBeGreaterThanOrEqual(4);
    expect(new Set(hidden)).toEqual(new Set([0.1 * 3]));
    const beats = hidden.length;
    await delay(250);
    expect(hidden).toHaveLength(beats);
  });

  test('has no heartbeat left that could bring it back to life while it hands on', async () => {
    const fast = { ...services, heartbeatS: 0.05 };
    await runStep(fast, await received(), async () => async () => delay(200));
    expect(await claim()).toMatchObject({ leaseUntil: 0 });
  });
});

describe('a step that fails', () => {
  test.each(['conflict', 'data-mismatch', 'out-of-time', 'not-found'] as const)(
    'for good (%s) goes to fail-import with its reason, and its message is done',
    async (code) => {
      await runStep(services, await received(), fails(code));
      expect(JSON.parse((await receive('FailImportQueue'))?.Body ?? '')).toEqual({
        imageId: task.imageId,
        taskId: task.id,
      });
      expect(await read()).toMatchObject({ status: 'pending', failure: `because of ${code}` });
      expect(await claim()).toMatchObject({ leaseUntil: 0 });
    },
  );

  test.each(['unavailable', 'internal', 'upload-gone'] as const)(
    'for now (%s) keeps its message for another try',
    async (code) => {
      await expect(runStep(services, await received(), fails(code))).rejects.toMatchObject({ code });
      expect(await receive('FailImportQueue')).toBeUndefined();
      expect(await read()).toMatchObject({ failure: `because of ${code}` });
      expect(hidden).toEqual([60, 10]);
      expect(await claims.begin(another())).toBe('mine');
    },
  );

  test.each([
    [2_500, 10],
    [31_500, 32],
    [3_600_000, 900],
  ])('is left alone for as long as was asked for: %i ms, %i s', async (retryAfterMs, seconds) => {
    const busy = () => Promise.reject(new FerryError('unavailable', 'busy', { retryAfterMs }));
    await expect(runStep(services, await received(), busy)).rejects.toThrow('busy');
    expect(hidden.at(-1)).toBe(seconds);
  });

  test.each([
    [1, 10],
    [2, 20],
    [3, 40],
    [5, 160],
    [8, 900],
    [100, 900],
  ])('waits longer each time: received %i times, %i s', async (receiveCount, seconds) => {
    await expect(runStep(services, await received({ receiveCount }), fails('unavailable'))).rejects.toThrow();
    expect(hidden.at(-1)).toBe(seconds);
  });

  test('for good stays so, where the attempt that said it died before its message was deleted', async () => {
    await runStep(services, await received(), fails('conflict'));
    expect(await receive('FailImportQueue')).toBeDefined();
    await runStep(services, await received(), () => expect.fail('it ran'));
    expect(await receive('FailImportQueue')).toBeDefined();
    expect(await read()).toMatchObject({ failure: 'because of conflict' });
  });

  test('in a way of its own is tried again, and its words stay in the log', async () => {
    const step = () => Promise.reject(new TypeError('secret internals'));
    await expect(runStep(services, await received(), step)).rejects.toMatchObject({ code: 'internal' });
    expect((await read()).failure).toMatch(/^The server has either erred/);
  });

  test('without a fail-import behind it is always tried again, and keeps the reason it came with', async () => {
    await tasks.fail(task, new FerryError('unavailable', 'the first reason'));
    const { failQueue: _, ...last } = services;
    await expect(runStep(last, await received(), fails('conflict'))).rejects.toMatchObject({
      code: 'conflict',
    });
    expect((await read()).failure).toBe('the first reason');
  });

  test('to hand on is tried again', async () => {
    const step: Step = async () => () => Promise.reject(new FerryError('unavailable', 'no queue'));
    await expect(runStep(services, await received(), step)).rejects.toMatchObject({ code: 'unavailable' });
    expect(hidden).toEqual([60, 10]);
    expect(await claims.begin(another())).toBe('mine');
  });
});

describe('a table that is away', () => {
  const away = async () => Promise.reject(new FerryError('unavailable', 'no table'));

  test('ends the step when its lease has run out: another attempt may have begun', async () => {
    const deaf = { ...createClaims(table, { leaseMs: 300 }), renew: away };
    let reason: unknown;
    const step: Step = async ({ signal }) => {
      await new Promise((ended) => signal.addEventListener('abort', ended));
      reason = signal.reason;
      throw signal.reason;
    };
    const run = runStep({ ...services, claims: deaf, heartbeatS: 0.05 }, await received(), step);
    await expect(run).rejects.toThrow('no table');
    expect(reason).toMatchObject({
      code: 'unavailable',
      message: 'The lease on the import could not be renewed for 0.3 s: another attempt may be at work',
    });
  });

  test('gets one heartbeat at a time, and a step that has ended waits for none', async () => {
    let [beats, atOnce, most] = [0, 0, 0];
    const slow: Claims = {
      ...claims,
      renew: async (key) => {
        beats += 1;
        if (beats === 1) return await claims.renew(key);
        atOnce += 1;
        most = Math.max(most, atOnce);
        await delay(2_000);
        atOnce -= 1;
        return true;
      },
    };
    await runStep({ ...services, claims: slow, heartbeatS: 0.02 }, await received(), async () => {
      await delay(300);
      return undefined;
    });
    expect({ atOnce, most }).toEqual({ atOnce: 1, most: 1 });
  });
});

describe('a target that is looked at beside the step', () => {
  const gone = (code: 'not-found' | 'unavailable' | 'unauthorized') =>
    Promise.reject(new FerryError(code, `the target is ${code}`));
  const until = (signal: AbortSignal, ms: number) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });

  test('and is gone ends the import, when it is still gone at the next look', async () => {
    const looking = { ...services, heartbeatS: 0.05, lookAtTarget: () => gone('not-found') };
    await runStep(looking, await received(), async ({ signal }) => {
      await until(signal, 40_000);
      return undefined;
    });
    expect(await read()).toMatchObject({ failure: 'the target is not-found' });
    expect(await receive('FailImportQueue')).toBeDefined();
  });

  test.each(['unavailable', 'unauthorized'] as const)(
    'and cannot be seen (%s) lets the step work',
    async (code) => {
      const looking = { ...services, heartbeatS: 0.05, lookAtTarget: () => gone(code) };
      await runStep(looking, await received(), async ({ signal }) => {
        await until(signal, 400);
        return undefined;
      });
      expect(await read()).not.toHaveProperty('failure');
    },
  );

  test('and is missing for a moment lets the step work', async () => {
    let looks = 0;
    const lookAtTarget = async () => {
      looks += 1;
      if (looks % 2 === 1) await gone('not-found');
    };
    await runStep({ ...services, heartbeatS: 0.05, lookAtTarget }, await received(), async ({ signal }) => {
      await until(signal, 400);
      return undefined;
    });
    expect(looks).toBeGreaterThan(2);
    expect(await read()).not.toHaveProperty('failure');
  });
});

describe('another attempt', () => {
  test.each([1, 5])(
    'at work lets a message (received %i times) come anew after a minute, and nothing runs',
    async (receiveCount) => {
      await claims.begin(another());
      const given = await received({ receiveCount });
      await runStep(services, given, () => expect.fail('it ran'));
      expect(sentAnew).toEqual([{ message: given.message, delayS: 60 }]);
    },
  );

  test('that took the import over ends the step, which says nothing and looks again after a while', async () => {
    const fast = { ...services, heartbeatS: 0.05 };
    const other = another();
    let reason: unknown;
    /** A heartbeat of the first attempt may come in between. */
    const takeOver = async () => {
      await expireLease();
      return await claims.begin(other);
    };
    const given = await received();
    await runStep(fast, given, async ({ signal }) => {
      await expect.poll(takeOver, { timeout: 30_000 }).toBe('mine');
      await new Promise((ended) => signal.addEventListener('abort', ended));
      reason = signal.reason;
      throw signal.reason;
    });
    expect(reason).toMatchObject({ code: 'claim-lost' });
    // The other one may work for the same message, which is deleted now: should it die, this one goes on.
    expect(sentAnew).toEqual([{ message: given.message, delayS: 3 * fast.heartbeatS }]);
    expect(await read()).not.toHaveProperty('failure');
    expect(await receive('FailImportQueue')).toBeUndefined();
    expect(await claims.renew(other)).toBe(true);
  });

  test('that took the import over is not disturbed by the failure of this one', async () => {
    const other = another();
    await runStep(services, await received(), async () => {
      await expireLease();
      expect(await claims.begin(other)).toBe('mine');
      throw new FerryError('conflict', 'too late');
    });
    expect(await read()).not.toHaveProperty('failure');
    expect(await receive('FailImportQueue')).toBeUndefined();
    expect(await claims.renew(other)).toBe(true);
  });
});

describe('a message that comes again and again', () => {
  const runs = async (receiveCount: number, stored: number): Promise<boolean> => {
    let isRun = false;
    await runStep(services, await received({ receiveCount }), async ({ begin }) => {
      await begin(stored);
      isRun = true;
      return undefined;
    });
    return isRun;
  };

  test('is sent anew, before it is a dead letter, if each of its runs got further', async () => {
    expect(await runs(1, 0)).toBe(true);
    expect(await runs(2, 5)).toBe(true);
    expect(await runs(3, 9)).toBe(false);
    expect(sentAnew).toEqual([{ message: { imageId: task.imageId, taskId: task.id }, delayS: 0 }]);
    expect(await read()).not.toHaveProperty('failure');
    expect(await claim()).toMatchObject({ leaseUntil: 0, storedBefore: 9 });
    expect(await runs(1, 9)).toBe(true);
  });

  test('is sent anew after a while when its worker is told to stop', async () => {
    const given = await received();
    await runStep(services, given, fails('stopped'));
    expect(sentAnew).toEqual([{ message: given.message, delayS: 10 }]);
    expect(await read()).not.toHaveProperty('failure');
    expect(await claims.begin(another())).toBe('mine');
  });

  test('is left to the dead letters if it got nowhere', async () => {
    for (const [index, stored] of [4, 4, 4, 4, 4].entries()) expect(await runs(index + 1, stored)).toBe(true);
    expect(sentAnew).toEqual([]);
  });
});

describe('a segment', () => {
  const segment = (number: number) => ({ ...another(), segment: number });
  const messageFor = async (number: number) => {
    const given = await received();
    return { ...given, message: { ...given.message, segment: number } };
  };

  test('is at work beside others, and once at a time', async () => {
    await runStep(services, await messageFor(1), async ({ claim }) => {
      expect(claim.segment).toBe(1);
      expect(await claims.begin(segment(2))).toBe('mine');
      expect(await claims.begin(segment(1))).toBe('live');
      return undefined;
    });
    expect(await claims.begin(segment(1))).toBe('mine');
  });

  test('that fails for now does not hide why another one has failed for good', async () => {
    const fails = async (number: number, error: FerryError) =>
      runStep(services, await messageFor(number), () => Promise.reject(error)).catch(() => undefined);
    const first = runStep(services, await messageFor(1), async () => {
      await fails(2, new FerryError('forbidden', 'Forbidden'));
      throw new FerryError('unavailable', 'the source was away');
    });
    await expect(first).rejects.toThrow('the source was away');
    expect(await read()).toMatchObject({ failure: 'Forbidden', failureCode: 'forbidden' });
    expect(await receive('FailImportQueue')).toBeDefined();
  });

  test('that fails for good fails the import, not itself', async () => {
    await runStep(services, await messageFor(1), fails('data-mismatch'));
    const { imageId, id: taskId } = task;
    expect(JSON.parse((await receive('FailImportQueue'))?.Body ?? '')).toEqual({ imageId, taskId });
  });

  test('among the dead letters ends the whole import', async () => {
    const { failQueue: _, ...last } = services;
    await runStep(last, await messageFor(1), async ({ claim }) => {
      expect(claim).not.toHaveProperty('segment');
      return undefined;
    });
  });

  test('stops at its heartbeat when the import is being ended, and its lease goes with it', async () => {
    const fast = { ...services, heartbeatS: 0.05 };
    let reason: unknown;
    await runStep(fast, await messageFor(1), async ({ signal }) => {
      expect(await claims.end(task, 'failure')).toBe(false);
      await new Promise((ended) => signal.addEventListener('abort', ended));
      reason = signal.reason;
      throw signal.reason;
    });
    expect(reason).toMatchObject({ code: 'claim-lost' });
    expect(await claims.end(task, 'failure')).toBe(true);
    expect(await claims.begin(segment(2))).toBe('live');
    expect(await receive('FailImportQueue')).toBeUndefined();
  });
});

describe('a message that comes too late', () => {
  test('does nothing when the import belongs to nobody or somebody else', async () => {
    await claims.release(task.imageId, task.id);
    await runStep(services, await received(), () => expect.fail('it ran'));
    expect(await claim()).toEqual({});
  });

  test.each(['success', 'failure'] as const)(
    'of an import that ended in %s frees the image',
    async (status) => {
      await tasks.finish(task, { status, message: 'the end' });
      await runStep(services, await received(), () => expect.fail('it ran'));
      expect(await claim()).toEqual({});
    },
  );

  test('of a task that nobody knows frees the image', async () => {
    await tasks.takeBack(task);
    await runStep(services, await received(), () => expect.fail('it ran'));
    expect(await claim()).toEqual({});
  });
});

describe('the deadline', () => {
  test('ends the step with its own reason, and the import with it', async () => {
    const reason = new FerryError('out-of-time', 'the time ended');
    const controller = new AbortController();
    const step: Step = async ({ signal }) => {
      controller.abort(reason);
      signal.throwIfAborted();
      return undefined;
    };
    await runStep(services, await received({ deadline: controller.signal }), step);
    expect((await read()).failure).toBe('the time ended');
    expect(await receive('FailImportQueue')).toBeDefined();
  });
});

test('a queue that cannot hide a message does not stop the step', async () => {
  const given = await received();
  const delivery = { receiveCount: 1, hideFor: () => Promise.reject(new Error('no such message')) };
  await runStep(services, { ...given, delivery }, done);
  expect(await claim()).toMatchObject({ leaseUntil: 0 });
});
