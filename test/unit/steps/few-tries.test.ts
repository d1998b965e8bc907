import { expect, test } from 'vitest';
import { hasComeOften } from '../../../lib/steps/few-tries.ts';
import { again, done } from '../../../lib/steps/outcome.ts';
import { runStep } from '../../../lib/steps/run-step.ts';
import { useStep } from './step-at-work.ts';

const use = useStep();

/** @returns whether the step worked, and was not sent anew. @param stored how much it finds done when it begins */
const runs = async (receiveCount: number, stored: number): Promise<boolean> => {
  let isRun = false;
  const step = use().step(async (run) => {
    if (await hasComeOften(use().leases, run, async () => stored)) return again();
    isRun = true;
    return done;
  });
  await runStep(use().services, step, use().received({ receiveCount }));
  return isRun;
};

test('a message is sent anew, before it is a dead letter, if each of its runs got further', async () => {
  expect(await runs(1, 0)).toBe(true);
  expect(await runs(2, 5)).toBe(true);
  expect(await runs(3, 9)).toBe(false);
  expect(use().sent).toEqual([{ to: 'stream-image', message: use().ref, delayS: 0 }]);
  expect(await use().claim()).toMatchObject({ leaseUntil: 0, storedBefore: 9 });
  expect(await runs(1, 9)).toBe(true);
});

test('a message is left to the dead letters if it got nowhere', async () => {
  for (const [index, stored] of [4, 4, 4, 4, 4].entries()) expect(await runs(index + 1, stored)).toBe(true);
  expect(use().sent).toEqual([]);
});

test('one that got further late comes anew all the same', async () => {
  for (const [index, stored] of [4, 4, 4].entries()) expect(await runs(index + 1, stored)).toBe(true);
  expect(await runs(4, 5)).toBe(false);
});

test('one that has lost what was stored comes anew when it gets further from there', async () => {
  for (const [index, stored] of [3, 9, 0].entries()) expect(await runs(index + 1, stored)).toBe(true);
  expect(await runs(4, 2)).toBe(false);
});

test('what a first run finds is not kept: it costs no write, and nobody compares with it', async () => {
  expect(await runs(1, 3)).toBe(true);
  expect(await use().claim()).not.toHaveProperty('storedBefore');
});
