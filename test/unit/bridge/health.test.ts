import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Health, startHealth } from '../../../bridge/health.ts';

const health: Health = { isListening: false, isBound: false, reason: 'connect ECONNREFUSED' };
let server: Awaited<ReturnType<typeof startHealth>>;
beforeAll(async () => {
  server = await startHealth(health, '127.0.0.1', 0);
});
afterAll(() => server.stop());

const get = async (path: string) => {
  const answer = await fetch(`${server.url}${path}`);
  return { status: answer.status, ...((await answer.json()) as object) };
};

test('a bridge without its broker lives, is not ready, and says why', async () => {
  expect(await get('/livez')).toMatchObject({ status: 200 });
  expect(await get('/readyz')).toEqual({ status: 503, ready: false, reason: 'connect ECONNREFUSED' });
});

test('one that listens to a queue into which nothing comes is not ready', async () => {
  Object.assign(health, { isListening: true, reason: 'ACCESS_REFUSED' });
  expect(await get('/readyz')).toEqual({ status: 503, ready: false, reason: 'ACCESS_REFUSED' });
});

test('one whose queue is bound, and that listens to it, is ready', async () => {
  health.isBound = true;
  expect(await get('/readyz')).toEqual({ status: 200, ready: true });
  expect(await get('/')).toMatchObject({ status: 404 });
});
