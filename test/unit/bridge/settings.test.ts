import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadBridgeSettings } from '../../../bridge/settings.ts';
import { BridgeSettings } from '../../../lib/schemas/bridge.ts';

const needed = {
  OS_REGION_NAME: 'REGION1',
  RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:5672/',
  BRIDGE_POLICY: '*',
  EVENT_BUS_NAME: 'default',
};

const messageOf = (env: Record<string, string>): string => {
  try {
    loadBridgeSettings(env);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test('a bridge needs a region, a broker, what is wanted, and where to; the rest is as Glance has it', () => {
  expect(loadBridgeSettings(needed)).toEqual({
    ...needed,
    RABBITMQ_HOSTS: [],
    BRIDGE_EXCHANGE: 'glance',
    BRIDGE_EXCHANGE_DURABLE: false,
    BRIDGE_TOPICS: ['notifications'],
    BRIDGE_QUEUE: 'glance-ferry',
    BRIDGE_PREFETCH: 20,
    BRIDGE_DEDUPE_S: 60,
    BRIDGE_PUBLISHERS: {},
    BRIDGE_TARGET_REGIONS: [],
    BRIDGE_VISIBILITY: [],
    BRIDGE_OWNERS: [],
    BRIDGE_PROPERTIES: {},
    BRIDGE_HEALTH_HOST: '127.0.0.1',
  });
});

test('everything that is wrong is told at once, without values', () => {
  const wrong = {
    RABBITMQ_URL: 'http://user:secret@broker',
    BRIDGE_VISIBILITY: 'public,secret',
    BRIDGE_EXCHANGE_DURABLE: 'perhaps',
    BRIDGE_PREFETCH: '0',
    BRIDGE_TARGET_REGIONS: 'REGION2,REGION2',
    BRIDGE_PUBLISHERS: 'image.r1',
    EVENT_BUS_NAME: 'default',
    REPLICATE_IMAGE_QUEUE_URL: 'http://sqs/queue',
  };
  const message = messageOf(wrong);
  for (const told of [
    'OS_REGION_NAME is not set',
    'RABBITMQ_URL must match pattern',
    'BRIDGE_VISIBILITY (1) must be equal to one of the allowed values: public, community, shared, private',
    'BRIDGE_EXCHANGE_DURABLE must be boolean',
    'BRIDGE_PREFETCH must be >= 1',
    'BRIDGE_PUBLISHERS (image.r1) must be string',
    'BRIDGE_TARGET_REGIONS must NOT have duplicate items',
    'EVENT_BUS_NAME and REPLICATE_IMAGE_QUEUE_URL exclude each other',
  ])
    expect(message).toContain(told);
  expect(message).not.toContain('secret');
});

test('policy and target regions exclude each other, and one is needed', () => {
  const { BRIDGE_POLICY: _, ...neither } = needed;
  expect(messageOf(neither)).toBe('Configuration: BRIDGE_POLICY or BRIDGE_TARGET_REGIONS is not set');
  expect(messageOf({ ...needed, BRIDGE_TARGET_REGIONS: 'REGION2', BRIDGE_OWNERS: 'catalogue' })).toBe(
    'Configuration: BRIDGE_POLICY and BRIDGE_TARGET_REGIONS exclude each other',
  );
});

test('with target regions it has to be said whose images are meant, or no tenant’s private ones would be safe', () => {
  const { BRIDGE_POLICY: _, ...rest } = needed;
  const regions = { ...rest, BRIDGE_TARGET_REGIONS: 'REGION2' };
  for (const env of [regions, { ...regions, BRIDGE_PROPERTIES: 'os_distro:debian' }])
    expect(messageOf(env)).toMatch(
      /^Configuration: BRIDGE_TARGET_REGIONS needs BRIDGE_VISIBILITY or BRIDGE_OWNERS/,
    );
  expect(messageOf({ ...regions, BRIDGE_VISIBILITY: 'public' })).toBe('');
  expect(messageOf({ ...regions, BRIDGE_OWNERS: 'catalogue' })).toBe('');
});

test('docs and the Deployment name the settings that there are, and docs all of them', () => {
  const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
  const rows = read('docs/bridge.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
  );
  const known = Object.keys(BridgeSettings.properties);
  expect(named.toSorted()).toEqual(known.toSorted());

  const { env } = parse(read('bridge/kubernetes.yaml')).spec.template.spec.containers[0];
  const given: Record<string, string> = Object.fromEntries(
    env.map((one: { name: string; value?: string }) => [
      one.name,
      one.value ?? 'amqps://a:b@rabbitmq.example.org/',
    ]),
  );
  expect(Object.keys(given).filter((name) => !known.includes(name))).toEqual(['AWS_REGION']);
  expect(loadBridgeSettings(given)).toMatchObject({ BRIDGE_HEALTH_PORT: 8080 });
});
