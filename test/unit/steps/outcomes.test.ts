import { expect, test } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import { newAttemptId } from '../../../lib/schemas/ids.ts';
import type { CopyMessage, Sending } from '../../../lib/state/messages.ts';
import { again, done, send } from '../../../lib/steps/outcome.ts';
import { runStep } from '../../../lib/steps/run-step.ts';
import { newCopyId } from '../../contract/state/fixtures.ts';
import { type TestRun, useStep } from './step-at-work.ts';

const use = useStep();

test('a step sees what it works at, and what its message says, while no other attempt can begin', async () => {
  let seen: TestRun | undefined;
  const step = use().step(async (run, message) => {
    seen = run;
    expect(run.signal.aborted).toBe(false);
    expect(message).toEqual({ ...use().ref, activation: 'none' });
    expect(await use().beginAnother()).toBe('live');
    return done;
  });
  await runStep(use().services, step, use().received({ receiveCount: 2, activation: 'none' }));
  expect(seen).toMatchObject({ ref: use().ref, subject: use().ref, receiveCount: 2 });
  expect(await use().beginAnother()).toBe('mine');
  expect(use().sent).toEqual([]);
});

test('a message is hidden before anything else: a step that dies at its start comes again soon', async () => {
  await runStep(
    use().services,
    use().step(async () => done),
    use().received(),
  );
  expect(use().calls).toEqual(['hide 60', 'begin', 'pause']);
});

test('a queue that cannot hide a message does not stop the step', async () => {
  const delivery = { receiveCount: 1, hideFor: () => Promise.reject(new Error('no such message')) };
  const step = use().step(async () => done);
  await runStep(use().services, step, { ...use().received(), delivery });
  expect(await use().claim()).toMatchObject({ leaseUntil: 0, hasBegun: true });
});

test('those who go on are told when their attempt can begin, and not before', async () => {
  const message = { copyId: newCopyId() };
  let found: string | undefined;
  const services = {
    ...use().services,
    send: async (sending: Sending) => {
      found ??= await use().beginAnother();
      await use().services.send(sending);
    },
  };
  const sendings = [
    { to: 'apply-metadata', message: use().ref },
    { to: 'stream-image', message, delayS: 3 },
  ] as const;
  await runStep(
    services,
    use().step(async () => send(...sendings)),
    use().received(),
  );
  expect(found).toBe('mine');
  expect(use().sent).toEqual(sendings);
});

test('a step that is not done comes anew, by a message that has not waited', async () => {
  const step = use().step(async () => again(7));
  await runStep(use().services, step, use().received({ receiveCount: 4, waits: 9, activation: 'none' }));
  const message = { ...use().ref, activation: 'none' };
  expect(use().sent).toEqual([{ to: 'stream-image', message, delayS: 7 }]);
  expect(use().calls).toEqual(['hide 60', 'begin', 'pause', 'send stream-image']);
});

test('a copy that is begun goes on in the same invocation, which is given its attempt', async () => {
  const message: CopyMessage = { copyId: newCopyId() };
  const inHand = { message, attempt: newAttemptId() };
  const step = use().step(async () => ({ next: 'copy', inHand }));
  expect(await runStep(use().services, step, use().received())).toEqual(inHand);
  expect(use().sent).toEqual([]);
  expect(await use().beginAnother()).toBe('mine');
});

test.each([
  ['those who go on', send({ to: 'apply-metadata', message: { copyId: newCopyId() } })],
  ['itself anew', again()],
])('a step that cannot send for %s keeps its message, and does not fail', async (_, outcome) => {
  const away = { ...use().services, send: () => Promise.reject(new FerryError('unavailable', 'no queue')) };
  const step = use().step(async () => outcome);
  await expect(runStep(away, step, use().received())).rejects.toMatchObject({ code: 'unavailable' });
  expect(use().hidden).toEqual([60, 10]);
  expect(use().failures).toEqual([]);
  expect(await use().beginAnother()).toBe('mine');
});

test('has no heartbeat left that could bring its attempt back to life while it sends', async () => {
  const slow = {
    ...use().services,
    heartbeatS: 0.02,
    send: async () => {
      const before = use().calls.length;
      await new Promise((waited) => setTimeout(waited, 200));
      expect(use().calls.slice(before)).toEqual([]);
    },
  };
  await runStep(
    slow,
    use().step(async () => again()),
    use().received(),
  );
  expect(await use().claim()).toMatchObject({ leaseUntil: 0 });
});
