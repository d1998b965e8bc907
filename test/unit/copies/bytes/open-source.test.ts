import { describe, expect, test } from 'vitest';
import { deadlineOf } from '../../steps/step-at-work.ts';
import { smallImage, useCopy } from '../copy-at-work.ts';

const use = useCopy({ bytes: smallImage });
const anew = () => [{ to: 'stream-image', message: { copyId: use().copyId }, delayS: 0 }];
const refuse = (index: number, refusal: { record?: number; data?: number }) =>
  use().server.refused.set(use().waiting[index]?.taskId ?? '', refusal);
const askedBy = () => use().server.asked.map(({ token }) => token);
const [first, second] = [0, 1];

describe('a copy takes the rights of the first who has them', () => {
  test('and asks nobody else', async () => {
    await use().run();
    expect(askedBy()).toEqual([use().waiting[first]?.taskId]);
    expect(use().failed.size).toBe(0);
  });

  test.each([
    [401, 'does not accept the token'],
    [403, 'HTTP 403'],
  ])(
    'whose token is refused (%d) at the record ends alone, and the copy goes on with the next',
    async (status, reason) => {
      refuse(first, { record: status });
      expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
      expect([...use().failed.keys()]).toEqual([use().waiting[first]?.taskId]);
      expect([...use().failed.values()][0]?.explanation).toContain(reason);
      expect(askedBy()).toEqual([use().waiting[second]?.taskId]);
      expect(await use().read()).not.toHaveProperty('failure');
    },
  );

  test.each([401, 403])('whose token is refused (%d) at the data ends alone as well', async (status) => {
    refuse(first, { data: status });
    expect(await use().run()).toEqual(anew());
    expect([...use().failed.keys()]).toEqual([use().waiting[first]?.taskId]);
    expect(await use().runAll()).toEqual(use().toAll('apply-metadata'));
    expect(askedBy().at(-1)).toBe(use().waiting[second]?.taskId);
    expect(await use().read()).not.toHaveProperty('failure');
  });

  test('in its rows as well', async () => {
    use().cut();
    expect(await use().run()).toHaveLength(2);
    refuse(first, { data: 403 });
    const { copyId } = use();
    expect(await use().run({ row: 1 })).toEqual([
      { to: 'stream-image', message: { copyId, row: 1 }, delayS: 0 },
    ]);
    expect([...use().failed.keys()]).toEqual([use().waiting[first]?.taskId]);
    expect(await use().run({ row: 1 })).toEqual([]);
    expect(await use().run({ row: 2 })).toEqual([{ to: 'stream-image', message: { copyId } }]);
  });
});

test('the import that has begun a copy proves its right by having it copied, whoever else waits by then', async () => {
  const [one, other] = use().waiting;
  if (!one || !other) return expect.fail('nobody waits');
  await use().begin([other, one]);
  refuse(second, { data: 403 });
  expect(await use().run()).toEqual(anew());
  expect([...use().failed.keys()]).toEqual([other.taskId]);
});

test('nothing is copied when none has rights, and the copy itself does not fail', async () => {
  refuse(first, { record: 401 });
  refuse(second, { record: 403 });
  expect(await use().run()).toEqual([{ ...anew()[0], delayS: 20 }]);
  expect([...use().failed.keys()]).toEqual(use().waiting.map(({ taskId }) => taskId));
  expect(use().server.asked).toEqual([]);
  expect(await use().read()).not.toHaveProperty('failure');
});

test('a source that is away fails no import', async () => {
  refuse(first, { record: 503 });
  await expect(use().run({}, { deadline: deadlineOf() })).rejects.toMatchObject({ code: 'unavailable' });
  expect(use().failed.size).toBe(0);
});

test('a source that is gone fails the copy: another token would not find it either', async () => {
  refuse(first, { record: 404 });
  expect(await use().runAll()).toEqual(use().toAll('fail-import'));
  expect((await use().read()).failure?.reason).toMatch(/^Source image .* was not found in region REGION1/);
});
