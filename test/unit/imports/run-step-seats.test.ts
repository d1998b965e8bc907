import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDynamoClient, createTable, type Table } from '../../../lib/aws/table.ts';
import { FerryError } from '../../../lib/errors.ts';
import { createClaims } from '../../../lib/imports/record/claims.ts';
import { createTasks } from '../../../lib/imports/record/tasks.ts';
import { log } from '../../../lib/log.ts';
import { newAttemptId, newTaskId } from '../../../lib/schemas/ids.ts';
import type { ImportMessage } from '../../../lib/steps/messages.ts';
import { runStep, type Step, type StepServices } from '../../../lib/steps/run-step.ts';
import { createSeats } from '../../../lib/steps/seats.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { startLocalAws } from '../local-aws.ts';
import { taskFixture } from './task-fixture.ts';

let aws: LocalAws;
let table: Table;
let step: string;
let services: StepServices;
let sentAnew: { message: ImportMessage; delayS: number }[];

beforeAll(async () => {
  log.setLogLevel('SILENT');
  aws = await startLocalAws();
  table = createTable(createDynamoClient(), aws.tableName);
});
beforeEach(() => {
  sentAnew = [];
  step = newTaskId();
  const ownQueue: StepServices['ownQueue'] = {
    send: async (message, { delayS = 0 } = {}) => void sentAnew.push({ message, delayS }),
  };
  services = {
    tasks: createTasks(table, { ttlH: 48 }),
    claims: createClaims(table, { leaseMs: 30_000 }),
    seats: createSeats(table, { step, leaseMs: 30_000, share: { concurrency: 2, percent: 50 } }),
    failQueue: { send: async () => undefined },
    ownQueue,
    heartbeatS: 20,
    retryDelayS: 10,
  };
});
afterAll(() => aws.stop());

/** A queued import of a project, and what runs a step for its message. */
const importOf = async (owner: string) => {
  const task = { ...taskFixture(), owner };
  const { imageId, id: taskId } = task;
  await services.claims.take(imageId, taskId);
  await services.tasks.create(task);
  const run = (of: Step, waits?: number) =>
    runStep(
      services,
      {
        message: { imageId, taskId, ...(waits !== undefined && { waits }) },
        delivery: { receiveCount: 1, hideFor: async () => undefined },
        deadline: new AbortController().signal,
      },
      of,
    );
  const begin = () => services.claims.begin({ imageId, taskId, attempt: newAttemptId() });
  return { imageId, taskId, run, begin };
};
const seatsTaken = async () => (await table.query(`step#${step}`, 'seat#')).length;

test('a step of a project that has its share at work waits, and the next attempt may begin at once', async () => {
  const [first, second, other] = [await importOf('a'), await importOf('a'), await importOf('b')];
  const begun: string[] = [];
  await first.run(async () => {
    await second.run(async () => void begun.push('second'), 4);
    await other.run(async () => void begun.push('other'));
    return undefined;
  });
  expect(begun).toEqual(['other']);
  const { imageId, taskId } = second;
  expect(sentAnew).toEqual([{ message: { imageId, taskId, waits: 5 }, delayS: expect.any(Number) }]);
  expect(await second.begin()).toBe('mine');
});

test('a message that has waited runs its step when there is a seat, and takes nothing of it along', async () => {
  const one = await importOf('a');
  const begun: string[] = [];
  await one.run(async () => void begun.push('one'), 7);
  expect([begun, sentAnew]).toEqual([['one'], []]);
});

test('its seat is free before the next step is told, and when it has failed', async () => {
  const one = await importOf('a');
  let taken: number | undefined;
  await one.run(async () => {
    expect(await seatsTaken()).toBe(1);
    return async () => {
      taken = await seatsTaken();
    };
  });
  expect(taken).toBe(0);
  const failing: Step = () => Promise.reject(new FerryError('bad-request', 'because'));
  await one.run(failing);
  expect(await seatsTaken()).toBe(0);
});

test('a step at work keeps its seat with its heartbeats', async () => {
  services = {
    ...services,
    seats: createSeats(table, { step, leaseMs: 500, share: { concurrency: 2, percent: 50 } }),
    heartbeatS: 0.1,
  };
  const [one, second] = [await importOf('a'), await importOf('a')];
  await one.run(async () => {
    const [{ leaseUntil: before } = {}] = await table.query(`step#${step}`, 'seat#');
    while ((await table.query(`step#${step}`, 'seat#'))[0]?.['leaseUntil'] === before);
    await second.run(() => expect.fail('the seat was given away'));
    return undefined;
  });
  expect(sentAnew).toHaveLength(1);
});

test('without seats nobody waits', async () => {
  const { seats: _, ...unseated } = services;
  services = unseated;
  const [one, second] = [await importOf('a'), await importOf('a')];
  const begun: string[] = [];
  await one.run(async () => {
    await second.run(async () => void begun.push('second'));
    return undefined;
  });
  expect(begun).toEqual(['second']);
});
