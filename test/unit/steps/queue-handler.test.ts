import type { Context, SQSEvent } from 'aws-lambda';
import { expect, test, vi } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import { log } from '../../../lib/log.ts';
import { newTaskId } from '../../../lib/schemas/ids.ts';
import { isOfCopy } from '../../../lib/state/messages.ts';
import { type QueueOptions, queueHandler } from '../../../lib/steps/queue-handler.ts';
import type { Received } from '../../../lib/steps/received.ts';
import { newCopyId, newImport } from '../../contract/state/fixtures.ts';
import { lambdaContext } from '../../integration/lambda.ts';

const message = newImport();
// Before the log is made: each event begins with the level of then.
vi.hoisted(() => vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT'));

const options: QueueOptions = {
  step: 'stream-image',
  deliveryOf: ({ attributes }) => ({
    receiveCount: Number(attributes.ApproximateReceiveCount),
    hideFor: async () => undefined,
  }),
  deadlineReserveS: 30,
};

const eventOf = (...bodies: string[]): SQSEvent => {
  const attributes = { ApproximateReceiveCount: '3' };
  const Records = bodies.map((body, i) => ({
    messageId: `m${i}`,
    receiptHandle: 'r',
    eventSource: 'aws:sqs',
    body,
    attributes,
  }));
  return { Records } as unknown as SQSEvent;
};
const run = (
  step: (received: Received) => Promise<void>,
  event: SQSEvent,
  context: Context = lambdaContext(),
) => queueHandler(options, step)(event, context);

test('a step gets its message, how often it came, and a deadline', async () => {
  const seen: Received[] = [];
  const copyMessage = { copyId: newCopyId(), row: 2 };
  const event = eventOf(JSON.stringify(message), JSON.stringify(copyMessage));
  const answer = await run(async (received) => void seen.push(received), event);
  expect(answer).toEqual({ batchItemFailures: [] });
  const delivery = { receiveCount: 3 };
  expect(seen).toMatchObject([
    { message, delivery },
    { message: copyMessage, delivery },
  ]);
  expect(seen[0]?.deadline.signal.aborted).toBe(false);
});

test('only the messages whose step throws, or that are not ours, come again', async () => {
  const good = JSON.stringify(message);
  const bad = JSON.stringify({ ...message, taskId: newTaskId() });
  const step = async ({ message: received }: Received) => {
    if (isOfCopy(received) || received.taskId !== message.taskId)
      throw new FerryError('unavailable', 'later');
  };
  const answer = await run(step, eventOf(good, bad, 'not ours', good));
  expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort()).toEqual(['m1', 'm2']);
});

test('whatever keeps a message in its queue stands in the log, without the message', async () => {
  const warn = vi.spyOn(log, 'warn').mockReturnValue(undefined);
  const later = () => Promise.reject(new FerryError('unavailable', 'the table is away'));
  await run(later, eventOf(JSON.stringify(message), 'a secret that is not JSON'));
  expect(warn.mock.calls).toEqual([
    [
      'message comes again',
      expect.objectContaining({ message_id: 'm1', received: 3, reason: 'A queue message is not JSON' }),
    ],
    [
      'message comes again',
      expect.objectContaining({ message_id: 'm0', received: 3, reason: 'the table is away' }),
    ],
  ]);
  warn.mockRestore();
});

test('messages that all fail are reported one by one, the function itself does not fail', async () => {
  const answer = await run(() => Promise.reject(new Error('x')), eventOf(JSON.stringify(message)));
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
});

test('the deadline comes its reserve before the end of the function, and says so', async () => {
  let reason: unknown;
  const step = ({ deadline: { signal } }: Received) =>
    new Promise<void>((ended) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason;
        ended();
      });
    });
  const start = performance.now();
  await run(step, eventOf(JSON.stringify(message)), lambdaContext(30_200));
  expect(performance.now() - start).toBeLessThan(5000);
  expect(reason).toMatchObject({ code: 'out-of-time' });
});

test('nothing is left that would end the next one', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const fails = () => Promise.reject(new FerryError('unavailable', 'later'));
  for (const step of [() => Promise.resolve(), fails]) await run(step, eventOf(JSON.stringify(message)));
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test.each([
  ['ends', () => Promise.resolve()],
  ['throws', () => Promise.reject(new FerryError('unavailable', 'later'))],
])('a step that %s tells how long it took', async (_, step) => {
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await run(step, eventOf(JSON.stringify(message)));
  const written = stdout.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown);
  stdout.mockRestore();
  vi.unstubAllEnvs();
  expect(written).toMatchObject([{ step: 'stream-image', StepSeconds: expect.any(Number) }]);
});
