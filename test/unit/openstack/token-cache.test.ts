import { beforeEach, expect, test, vi } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import type { Identity, Keystone } from '../../../lib/openstack/keystone.ts';
import { cacheValidations } from '../../../lib/openstack/token-cache.ts';
import type { Token } from '../../../lib/schemas/ids.ts';

const options = { signal: new AbortController().signal };
const token = (name: string) => name as Token;
let asked: string[];
let lifetimeMs: number;
let keystone: Keystone;

const identityOf = (name: string): Identity => ({
  userId: name,
  projectId: 'demo',
  roles: [],
  catalog: [],
  expiresAtMs: Date.now() + lifetimeMs,
});

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  lifetimeMs = 3_600_000;
  keystone = {
    validate: (name) => {
      asked.push(name);
      if (name === token('bad')) throw new FerryError('unauthorized', 'no');
      return Promise.resolve(identityOf(name));
    },
    serviceToken: () => Promise.resolve(undefined),
  };
  return () => vi.useRealTimers();
});

test('a token is validated once while the time lasts, and anew afterwards', async () => {
  const cached = cacheValidations(keystone, { ttlMs: 60_000 });
  for (let turn = 0; turn < 3; turn += 1)
    expect(await cached.validate(token('a'), options)).toMatchObject({ userId: 'a' });
  expect(asked).toEqual(['a']);
  vi.advanceTimersByTime(60_000);
  await cached.validate(token('a'), options);
  expect(asked).toEqual(['a', 'a']);
});

test('each token has an answer of its own', async () => {
  const cached = cacheValidations(keystone, { ttlMs: 60_000 });
  await cached.validate(token('a'), options);
  expect(await cached.validate(token('b'), options)).toMatchObject({ userId: 'b' });
});

test('no token counts beyond its own end', async () => {
  lifetimeMs = 10_000;
  const cached = cacheValidations(keystone, { ttlMs: 60_000 });
  await cached.validate(token('a'), options);
  vi.advanceTimersByTime(10_000);
  await cached.validate(token('a'), options);
  expect(asked).toEqual(['a', 'a']);
});

test('a refusal is not remembered', async () => {
  const cached = cacheValidations(keystone, { ttlMs: 60_000 });
  for (let turn = 0; turn < 2; turn += 1)
    await expect(async () => cached.validate(token('bad'), options)).rejects.toThrow('no');
  expect(asked).toEqual(['bad', 'bad']);
});

test('with no time nothing is remembered', async () => {
  const cached = cacheValidations(keystone, { ttlMs: 0 });
  await cached.validate(token('a'), options);
  await cached.validate(token('a'), options);
  expect(asked).toEqual(['a', 'a']);
});

test('a thousand tokens are remembered, then the oldest is forgotten', async () => {
  const cached = cacheValidations(keystone, { ttlMs: 60_000 });
  for (let number = 0; number <= 1000; number += 1) await cached.validate(token(`t${number}`), options);
  asked = [];
  await cached.validate(token('t1000'), options);
  await cached.validate(token('t0'), options);
  expect(asked).toEqual(['t0']);
});
