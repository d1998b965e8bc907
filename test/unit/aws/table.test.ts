import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDynamoClient, createTable, type Table } from '../../../lib/aws/table.ts';
import type { LocalAws } from '../../cloud/aws/aws.ts';
import { losingClient } from '../../losing-client.ts';
import { startLocalAws } from '../local-aws.ts';

let aws: LocalAws;
let table: Table;
let subject: string;
const key = (item: string) => ({ subject, item });

beforeAll(async () => {
  aws = await startLocalAws();
  table = createTable(createDynamoClient(), aws.tableName);
});
beforeEach(() => {
  subject = randomUUID();
});
afterAll(() => aws.stop());

test('nothing that is asked or answered is gone through for a log of the SDK', () => {
  const keepsLog = ({ middlewareStack }: DynamoDBClient) =>
    middlewareStack.identify().some((name) => name.startsWith('loggerMiddleware'));
  expect([keepsLog(new DynamoDBClient()), keepsLog(createDynamoClient())]).toEqual([true, false]);
});

describe('an item', () => {
  test('is read as it was written, without what is undefined, key and all', async () => {
    const item = {
      text: '',
      number: 2 ** 53 - 1,
      list: ['a'],
      deep: { none: undefined, nothing: null },
      none: undefined,
    };
    expect(await table.put(key('a'), item)).toBe(true);
    expect(await table.get(key('a'))).toEqual({
      ...key('a'),
      text: '',
      number: 2 ** 53 - 1,
      list: ['a'],
      deep: { nothing: null },
    });
  });

  test('replaces the one before, whole', async () => {
    await table.put(key('a'), { x: 1 });
    await table.put(key('a'), { y: 2 });
    expect(await table.get(key('a'))).toEqual({ ...key('a'), y: 2 });
  });

  test('cannot be written under another key than the one given', async () => {
    await table.put(key('a'), { item: 'b', subject: 'other' });
    expect(await table.get(key('a'))).toEqual(key('a'));
  });

  test('that is not there is undefined; removing it is fine', async () => {
    expect(await table.get(key('a'))).toBeUndefined();
    expect(await table.remove(key('a'))).toBe(true);
  });
});

describe('an update', () => {
  test('sets some attributes, removes those that are undefined, and leaves the rest', async () => {
    await table.put(key('a'), { status: 'pending', owner: 'me', message: 'x' });
    expect(await table.update(key('a'), { status: 'success', message: undefined })).toBe(true);
    expect(await table.get(key('a'))).toEqual({ ...key('a'), status: 'success', owner: 'me' });
  });

  test('may only remove, or only set', async () => {
    await table.put(key('a'), { x: 1, y: 2 });
    expect(await table.update(key('a'), { x: undefined })).toBe(true);
    expect(await table.update(key('a'), { y: 3 })).toBe(true);
    expect(await table.get(key('a'))).toEqual({ ...key('a'), y: 3 });
  });

  test('takes names that DynamoDB reserves', async () => {
    const reserved = { status: 1, owner: 2, name: 3, values: 4, 'with.dot': 5, '#0': 6 };
    expect(await table.update(key('a'), reserved)).toBe(true);
    expect(await table.get(key('a'))).toEqual({ ...key('a'), ...reserved });
  });
});

describe('a change', () => {
  const set = (...elements: string[]) => new Set(elements);

  test('puts elements into a set and takes them out, whatever is there, and shows the item as it is then', async () => {
    expect(await table.change(key('a'), { add: { all: set('x', 'y') } })).toEqual({
      ...key('a'),
      all: set('x', 'y'),
    });
    expect(await table.change(key('a'), { add: { all: set('y', 'z') } })).toMatchObject({
      all: set('x', 'y', 'z'),
    });
    expect(await table.change(key('a'), { drop: { all: set('x', 'none') } })).toMatchObject({
      all: set('y', 'z'),
    });
    expect(await table.change(key('a'), { drop: { all: set('y', 'z') } })).toEqual(key('a'));
    expect(await table.change(key('a'), { drop: { all: set('z') } })).toEqual(key('a'));
  });

  test('does all its kinds in one write', async () => {
    await table.put(key('a'), { one: set('x'), other: set('x'), gone: 1 });
    const changes = { set: { gone: undefined, status: 's' }, touch: { at: 5 } };
    const changed = await table.change(key('a'), {
      ...changes,
      add: { one: set('y') },
      drop: { other: set('x') },
    });
    expect(changed).toEqual({ ...key('a'), status: 's', at: 5, one: set('x', 'y') });
    expect(await table.get(key('a'))).toEqual(changed);
  });

  test('that is refused changes nothing, and shows nothing', async () => {
    const isThere = { expression: 'attribute_exists(subject)' };
    expect(await table.change(key('a'), { add: { all: set('x') } }, isThere)).toBeUndefined();
    expect(await table.get(key('a'))).toBeUndefined();
  });
});

describe('a condition', () => {
  const is = (value: string) => ({
    expression: '#s = :s',
    names: { '#s': 'status' },
    values: { ':s': value },
  });
  const absent = { expression: 'attribute_not_exists(subject)' };

  test('that holds lets the write through, one that does not leaves the item as it was', async () => {
    expect(await table.put(key('a'), { status: 'one' }, absent)).toBe(true);
    expect(await table.put(key('a'), { status: 'two' }, absent)).toBe(false);
    expect(await table.put(key('a'), { status: 'two' }, is('none'))).toBe(false);
    expect(await table.update(key('a'), { status: 'two' }, is('none'))).toBe(false);
    expect(await table.update(key('a'), { status: undefined }, is('none'))).toBe(false);
    expect(await table.remove(key('a'), is('none'))).toBe(false);
    expect(await table.get(key('a'))).toEqual({ ...key('a'), status: 'one' });

    expect(await table.put(key('a'), { status: 'two' }, is('one'))).toBe(true);
    expect(await table.update(key('a'), { status: 'three' }, is('two'))).toBe(true);
    expect(await table.remove(key('a'), is('three'))).toBe(true);
    expect(await table.get(key('a'))).toBeUndefined();
  });

  test('lets exactly one of many writers through', async () => {
    const wins = await Promise.all(
      Array.from({ length: 20 }, (_, i) => table.put(key('claim'), { i }, absent)),
    );
    expect(wins.filter(Boolean)).toHaveLength(1);
    expect(await table.get(key('claim'))).toMatchObject({ i: wins.indexOf(true) });
  });
});

describe('a conditional write whose answer is lost', () => {
  const losing = (between?: () => Promise<unknown>): Table =>
    createTable(losingClient(between), aws.tableName);
  const absent = { expression: 'attribute_not_exists(subject)' };
  const heldBy = (holder: string) => ({ expression: 'holder = :holder', values: { ':holder': holder } });

  test('is done, and says so: the second one finds what the first one wrote', async () => {
    const claim = { holder: 'me', until: 5, list: ['a'], deep: { a: null } };
    expect(await losing().put(key('claim'), claim, absent)).toBe(true);
    expect(await losing().update(key('claim'), { holder: 'you', list: undefined }, heldBy('me'))).toBe(true);
    expect(await table.get(key('claim'))).toEqual({
      ...key('claim'),
      holder: 'you',
      until: 5,
      deep: { a: null },
    });
    expect(await losing().remove(key('claim'), heldBy('you'))).toBe(true);
    expect(await table.get(key('claim'))).toBeUndefined();
  });

  test('is done where its elements went into a set, or out of it, whoever else was in it', async () => {
    const open = { expression: 'attribute_not_exists(isClosed)' };
    const joined = { add: { all: new Set(['me']) }, set: { isClosed: true } };
    await table.put(key('copy'), { all: new Set(['you']) });
    expect(await losing().change(key('copy'), joined, open)).toMatchObject({ all: new Set(['me', 'you']) });
    const left = { drop: { all: new Set(['me']) }, set: { isClosed: undefined } };
    const closed = { expression: 'isClosed = :true', values: { ':true': true } };
    expect(await losing().change(key('copy'), left, closed)).toEqual({
      ...key('copy'),
      all: new Set(['you']),
    });
    await table.put(key('copy'), { all: new Set(['you']), isClosed: true });
    expect(await losing().change(key('copy'), joined, open)).toBeUndefined();
  });

  test('is done although another one has touched the item in between', async () => {
    await table.put(key('claim'), { dueAt: 1 });
    const free = { expression: 'dueAt < :now', values: { ':now': 5 } };
    const mine = { set: { holder: 'me', dueAt: 9 }, touch: { at: 1 } };
    const touched = () => table.update(key('claim'), { at: 2 });
    expect(await losing(touched).change(key('claim'), mine, free)).toMatchObject({ holder: 'me', at: 2 });
  });

  test('is refused where another one has written', async () => {
    await table.put(key('claim'), { holder: 'you', until: 5 });
    expect(await losing().put(key('claim'), { holder: 'me', until: 5 }, absent)).toBe(false);
    expect(await losing().update(key('claim'), { holder: 'me', until: 5 }, heldBy('me'))).toBe(false);
    expect(await losing().remove(key('claim'), heldBy('me'))).toBe(false);
    expect(await table.get(key('claim'))).toEqual({ ...key('claim'), holder: 'you', until: 5 });
  });
});

test('a scan reads every item, page by page', async () => {
  const names = Array.from({ length: 5 }, (_, i) => `scanned#${i}`);
  await Promise.all(names.map((item) => table.put(key(item), { text: 'x'.repeat(300_000) })));
  const pages: (readonly unknown[])[] = [];
  for await (const page of table.scan()) pages.push(page.filter((item) => item['subject'] === subject));
  expect(pages.length).toBeGreaterThan(1);
  expect(pages.flat()).toHaveLength(5);
});

describe('a query', () => {
  test('lists the items of one subject by prefix, in order', async () => {
    for (const item of ['task#b', 'part#1#00010', 'part#1#00002', 'part#10#00001'])
      await table.put(key(item), {});
    await table.put({ subject: randomUUID(), item: 'part#1#00001' }, {});
    const items = await table.query(subject, 'part#1#');
    expect(items.map(({ item }) => item)).toEqual(['part#1#00002', 'part#1#00010']);
    expect(await table.query(subject, 'none')).toEqual([]);
  });

  test('lists items from one to another, both included', async () => {
    for (let number = 1; number <= 5; number += 1) await table.put(key(`part#0000${number}`), {});
    const items = await table.queryBetween(subject, 'part#00002', 'part#00004');
    expect(items.map(({ item }) => item)).toEqual(['part#00002', 'part#00003', 'part#00004']);
    expect(await table.queryBetween(subject, 'part#00006', 'part#00009')).toEqual([]);
  });

  test('goes on where DynamoDB stops after 1 MiB', async () => {
    const numbers = Array.from({ length: 5 }, (_, i) => `big#${i}`);
    await Promise.all(numbers.map((item) => table.put(key(item), { text: 'x'.repeat(300_000) })));
    expect((await table.query(subject, 'big#')).map(({ item }) => item)).toEqual(numbers);
  });
});

test('many items are removed in few requests, and others stay', async () => {
  const items = Array.from({ length: 60 }, (_, index) => `part#${String(index).padStart(5, '0')}`);
  await Promise.all([...items, 'task#1'].map((item) => table.put(key(item), {})));
  await table.removeAll(subject, items);
  await table.removeAll(subject, []);
  expect((await table.query(subject, '')).map(({ item }) => item)).toEqual(['task#1']);
});

test('a table that is not there is the configuration’s fault, and the operation is named', async () => {
  const missing = createTable(createDynamoClient(), 'nobody');
  const cause = expect.objectContaining({ name: 'ResourceNotFoundException' });
  const failed = (operation: string) => ({
    code: 'misconfigured',
    message: expect.stringMatching(
      `^Failed to ${operation} of ${subject} in the imports table: ResourceNotFoundException: `,
    ),
    cause,
  });
  await expect(missing.get(key('a'))).rejects.toMatchObject(failed('read a'));
  await expect(missing.put(key('a'), {})).rejects.toMatchObject(failed('write a'));
  await expect(missing.update(key('a'), { x: 1 })).rejects.toMatchObject(failed('update a'));
  await expect(missing.remove(key('a'))).rejects.toMatchObject(failed('delete a'));
  await expect(missing.query(subject, 'a')).rejects.toMatchObject(failed('list a'));
  await expect(missing.queryBetween(subject, 'a', 'b')).rejects.toMatchObject(failed('list a to b'));
  await expect(missing.removeAll(subject, ['a', 'b'])).rejects.toMatchObject(failed('delete 2 items'));
});
