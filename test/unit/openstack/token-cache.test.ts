import { beforeEach, expect, test, vi } from 'vitest';
import { type ErrorCode, FerryError } from '../../../lib/errors.ts';
import type { Keystone } from '../../../lib/openstack/keystone.ts';
import { cacheValidations } from '../../../lib/openstack/token-cache.ts';
import type { Identity } from '../../../lib/openstack/validate-token.ts';
import type { Token } from '../../../lib/schemas/ids.ts';

const options = { signal: new AbortController().signal };
const token = (name: string) => name as Token;
let asked: string[];
let lifetimeMs: number;
let keystone: Keystone;

const refusals = new Map<string, ErrorCode>([
  ['bad', 'unauthorized'],
  ['bound', 'forbidden'],
  ['later', 'unavailable'],
  ['never', 'misconfigured'],
]);

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
      const refusal = refusals.get(name);
      if (refusal) throw new FerryError(refusal, 'no');
      return Promise.resolve(identityOf(name));
    },
    serviceToken: () => Promise.resolve(undefined),
    dropServiceToken: () => undefined,
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

test.each(['bad', 'bound'])('a refusal is remembered for ten seconds: %s', async (name) => {
  const cached = cacheValidations(keystone, { ttlMs: 60_000 });
  for (let turn = 0; turn < 3; turn += 1)
    await expect(cached.validate(token(name), options)).rejects.toMatchObject({ code: refusals.get(name) });
  expect(asked).toEqual([name]);
  vi.advanceTimersByTime(10_000);
  refusals.delete(name);
  expect(await cached.validate(token(name), options)).toMatchObject({ userId: name });
});

test.each(['later', 'never'])('a Keystone that cannot tell is asked again: %s', async (name) => {
  const cached = cacheValidations(keystone, { ttlMs: 60_000 });
  for (let turn = 0; turn < 2; turn += 1)
    await expect(cached.validate(token(name), options)).rejects.toThrow('no');
  expect(asked).toEqual([name, name]);
});

test('a flood of bad tokens pushes no good one out', async () => {
  const cached = cacheValidations(keystone, { ttlMs: 60_000 });
  await cached.validate(token('good'), options);
  for (let number = 0; number <= 1000; number += 1) {
    refusals.set(`bad${number}`, 'unauthorized');
    await expect(cached.validate(token(`bad${number}`), options)).rejects.toThrow('no');
  }
  asked = [];
  await cached.validate(token('good'), options);
  expect(asked).toEqual([]);
});

test('with no time nothing is remembered', async () => {
  const cached = cacheValidations(keystone, { ttlMs: 0 });
  for (const name of ['a', 'a', 'turned-away', 'turned-away']) {
    refusals.set('turned-away', 'unauthorized');
    await cached.validate(token(name), options).catch(() => undefined);
  }
  expect(asked).toEqual(['a', 'a', 'turned-away', 'turned-away']);
});

test('a thousand tokens are remembered, then the oldest is forgotten', async () => {
  const cached = cacheValidations(keystone, { ttlMs: 60_000 });
  for (let number = 0; number <= 1000; number += 1) await cached.validate(token(`t${number}`), options);
  asked = [];
  await cached.validate(token('t1000'), options);
  await cached.validate(token('t0'), options);
  expect(asked).toEqual(['t0']);
});
