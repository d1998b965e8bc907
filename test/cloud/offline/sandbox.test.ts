import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { createSandboxes } from './sandbox.ts';

const file = fileURLToPath(new URL('fixtures/behave.ts', import.meta.url));
const settings = {
  name: 'behave',
  file,
  exportName: 'handler',
  env: { VARIABLE: 'given' },
  timeoutS: 20,
  memoryMB: 512,
};
const say = (body: string) => ({ Records: [{ messageId: '1', body }] });
interface Told {
  readonly pid: number;
  readonly remainingMs: number;
  readonly variable: string;
}

let lines: string[] = [];
let sandboxes = createSandboxes(settings, (line) => lines.push(line));
afterEach(async () => {
  await sandboxes.stop();
  lines = [];
  sandboxes = createSandboxes(settings, (line) => lines.push(line));
});

test('a handler sees its variables and the time it has left, and is reported', async () => {
  const told = (await sandboxes.invoke(say('tell'))) as Told;
  expect(told.variable).toBe('given');
  expect(told.remainingMs).toBeGreaterThan(0);
  expect(told.remainingMs).toBeLessThanOrEqual(20_000);
  expect(lines).toEqual([
    expect.stringMatching(/^REPORT behave RequestId: .* Duration: \d+ ms Max Memory Used: \d+ MB$/),
  ]);
});

test('a process is used again, and another one starts when it is busy', async () => {
  const first = (await sandboxes.invoke(say('tell'))) as Told;
  const [busy, other] = (await Promise.all([
    sandboxes.invoke(say('sleep 300')),
    sandboxes.invoke(say('tell')),
  ])) as Told[];
  expect(busy?.pid).toBe(first.pid);
  expect(other?.pid).not.toBe(first.pid);
});

test('what a handler throws, it is blamed for', async () => {
  await expect(sandboxes.invoke(say('throw'))).rejects.toThrow('thrown by the handler');
});

test('a crash ends one invocation and not the next', async () => {
  await expect(sandboxes.invoke(say('crash 3'))).rejects.toThrow('ended while it ran: exit code 3');
  await expect(sandboxes.invoke(say('tell'))).resolves.toBeDefined();
});

test('a killed process ends one invocation', async () => {
  const { pid } = (await sandboxes.invoke(say('tell'))) as Told;
  const sleeping = sandboxes.invoke(say('sleep 1900'));
  process.kill(pid, 'SIGKILL');
  await expect(sleeping).rejects.toThrow('ended while it ran: SIGKILL');
});

test('a killed process is not used again, also while its channel still seems open', async () => {
  await expect(sandboxes.invoke(say('leave-open'))).rejects.toThrow('ended while it ran: SIGKILL');
  // At once, as a poller does that finds the message again.
  await expect(sandboxes.invoke(say('tell'))).resolves.toBeDefined();
});

test('a handler that takes too long is ended', async () => {
  const impatient = createSandboxes({ ...settings, timeoutS: 1 }, () => undefined);
  await expect(impatient.invoke(say('sleep 60000'))).rejects.toThrow('SIGKILL');
  await impatient.stop();
});

test('Ctrl-C, which reaches the whole group, does not end a handler at work', async () => {
  const { pid } = (await sandboxes.invoke(say('tell'))) as Told;
  const sleeping = sandboxes.invoke(say('sleep 300'));
  process.kill(pid, 'SIGINT');
  await expect(sleeping).resolves.toEqual({ pid });
});
