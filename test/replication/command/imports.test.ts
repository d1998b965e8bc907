import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  beginFrom,
  expectFailure,
  expectWaiting,
  glanceOf,
  holdBack,
  MiB,
  newSource,
} from '../../integration/one-source.ts';
import { callCommand } from './command.ts';
import { useCommand } from './use-command.ts';

const { ferry, served, demo } = useCommand();

/** The record of a replica, with an import that somebody else has begun. */
const begunElsewhere = async (region: 'REGION2' | 'REGION3', size = MiB) => {
  const source = await newSource(ferry, size);
  const release = holdBack(ferry, source);
  const provenance = { ferry_source_region: 'REGION1', ferry_source_id: source.id };
  const { id: imageId } = await glanceOf(ferry, region).createImage({ name: 'copy', ...provenance });
  const one = await beginFrom(ferry, source, region, { imageId });
  await expectWaiting(ferry, 1);
  return { source, release, one, imageId };
};

test('wait goes on with what was begun elsewhere, by the source or by the copy, and asks for no import', async () => {
  const { source, release, imageId } = await begunElsewhere('REGION2');
  served.requests.length = 0;
  const waits = [source.id, imageId].map((id) =>
    callCommand(['wait', id, '--to', 'REGION2', '--json'], demo),
  );
  release();
  for (const { code, complaints, json } of await Promise.all(waits)) {
    expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
    expect(json()).toEqual({
      REGION2: {
        ...{
          id: imageId,
          status: 'active',
          bytes: MiB,
          hash: `sha512:${source.os_hash_value}`,
          reason: null,
        },
        seconds: expect.any(Number),
      },
    });
  }
  expect(served.requests.filter((request) => !request.startsWith('GET'))).toEqual([]);
  const again = await callCommand(['wait', source.id, '--to', 'REGION2'], demo);
  expect(again.stdout).toMatch(new RegExp(`^REGION2  active  ${imageId}  1 MiB in 0:0\\d\n$`));
});

test('cancel ends an import, and says so where none is running', async () => {
  const { source, release, one, imageId } = await begunElsewhere('REGION2');
  const cancelled = await callCommand(['cancel', source.id, '--to', 'REGION2,REGION3', '--json'], demo);
  expect(cancelled.code).toBe(2);
  expect(cancelled.json()).toMatchObject({
    REGION2: { id: imageId, status: 'cancelled', reason: null },
    REGION3: { id: null, status: 'failed', reason: expect.stringContaining('has no image') },
  });
  await expectFailure(ferry, one, /^Cancelled by its owner$/);
  release();
  const again = await callCommand(['cancel', imageId, '--to', 'REGION2'], demo);
  expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining('queued') });
  expect(again.stdout).toContain('no import is running');
  const waited = await callCommand(['wait', imageId, '--to', 'REGION2', '--json'], demo);
  expect(waited.code).toBe(1);
  expect(waited.json()).toMatchObject({
    REGION2: { id: imageId, status: 'failed', reason: 'its import has failed: Cancelled by its owner' },
  });
});

test('cancel ends every import of an image into a region', async () => {
  const { source, release, one, imageId } = await begunElsewhere('REGION2');
  const provenance = { ferry_source_region: 'REGION1', ferry_source_id: source.id };
  const { id } = await glanceOf(ferry, 'REGION2').createImage({ name: 'copy', ...provenance });
  const second = await beginFrom(ferry, source, 'REGION2', { imageId: id });
  await expectWaiting(ferry, 2);
  const { code, json } = await callCommand(['cancel', source.id, '--to', 'REGION2', '--json'], demo);
  expect(code).toBe(0);
  expect(json()['REGION2']).toMatchObject({ status: 'cancelled' });
  expect([imageId, id]).toContain(json()['REGION2']?.['id']);
  for (const ended of [one, second]) await expectFailure(ferry, ended, /^Cancelled by its owner$/);
  release();
});

test('a failed wait with --id same tells the copy of that id, not one with an id of its own', async () => {
  const source = await newSource(ferry, MiB, { name: 'both' });
  await callCommand(['copy', source.id, '--to', 'REGION2'], demo);
  const provenance = { ferry_source_region: 'REGION1', ferry_source_id: source.id };
  await glanceOf(ferry, 'REGION2').createImage({ id: source.id, name: 'both', ...provenance });
  const args = ['wait', source.id, '--to', 'REGION2', '--id', 'same', '--json'];
  const { code, json } = await callCommand(args, demo);
  expect(code).toBe(1);
  expect(json()).toMatchObject({ REGION2: { id: source.id, status: 'failed' } });
});

test('tasks lists what there was, for people and for machines', async () => {
  const { source, release, imageId, one } = await begunElsewhere('REGION3');
  release();
  await ferry.finished(imageId, one.token, 'REGION3');
  const [people, machines] = await Promise.all([
    callCommand(['tasks', source.id, '--to', 'REGION3,REGION2'], demo),
    callCommand(['tasks', source.id, '--to', 'REGION3', '--json'], demo),
  ]);
  expect(people.code).toBe(0);
  expect(people.stdout).toMatch(/^region +image +task +created +status\nREGION3 /);
  expect(people.stdout).toContain(`${imageId}  ${one.taskId}`);
  expect(machines.json()).toMatchObject({
    REGION3: {
      reason: null,
      tasks: [{ id: one.taskId, image_id: imageId, status: 'success', message: 'Copied 1 MiB' }],
    },
  });
});

test('who stops waiting is told that the import goes on, and how to wait on', async () => {
  const { source, release, imageId, one } = await begunElsewhere('REGION2');
  const args = ['wait', source.id, '--to', 'REGION2', '--visibility', 'community'];
  const { code, json, stderr } = await callCommand([...args, '--json', '--timeout', '1s'], demo);
  expect(code).toBe(1);
  expect(json()).toMatchObject({
    REGION2: { id: imageId, status: 'running', reason: 'not waited for any longer' },
  });
  expect(stderr).toContain(
    `glance-ferry wait ${source.id} --from REGION1 --to REGION2 --visibility community\n`,
  );
  release();
  expect(await ferry.finished(imageId, one.token, 'REGION2')).toMatchObject({ status: 'success' });
});

test('wait begins nothing: neither a record, nor an import into one that has none', async () => {
  const source = await newSource(ferry, MiB);
  const provenance = { ferry_source_region: 'REGION1', ferry_source_id: source.id };
  const { id } = await glanceOf(ferry, 'REGION2').createImage({ name: 'copy', ...provenance });
  const { code, json } = await callCommand(['wait', source.id, '--to', 'REGION2,REGION3', '--json'], demo);
  expect(code).toBe(1);
  expect(json()).toMatchObject({
    REGION2: { id, status: 'failed', reason: 'it has no data, and no import' },
    REGION3: { id: null, status: 'failed', reason: expect.stringContaining('and no copy of it') },
  });
  expect(served.requests.filter((request) => request.includes(id) && !request.startsWith('GET'))).toEqual([]);
  const there = glanceOf(ferry, 'REGION3').images();
  expect(there.filter((image) => image['ferry_source_id'] === source.id)).toEqual([]);
});

test.each([
  ['of a policy', { ferry_policy: 'nightly' }, 'policy nightly looks after it'],
  [
    'of which the source is gone',
    { ferry_source_id: randomUUID() },
    /^what comes last is not set, its source/,
  ],
  ['that is none of ours', { ferry_source_id: '' }, null],
] as const)('a copy %s is waited for, and stays as it is', async (_, more, reason) => {
  const source = await newSource(ferry, 10, { name: 'other', visibility: 'community' });
  const provenance = { ferry_source_region: 'REGION1', ferry_source_id: source.id, ...more };
  const record = { name: 'copy', disk_format: 'raw', container_format: 'bare', ...provenance };
  const { id } = await glanceOf(ferry, 'REGION2').createImage(record, 'data');
  const { code, json } = await callCommand(['wait', id, '--to', 'REGION2', '--json'], demo);
  expect(code).toBe(0);
  const told = reason instanceof RegExp ? expect.stringMatching(reason) : reason;
  expect(json()).toMatchObject({ REGION2: { id, status: 'active', reason: told } });
  expect(glanceOf(ferry, 'REGION2').image(id)).toMatchObject({ name: 'copy', visibility: 'shared' });
});

test.each([
  [
    'an image that is not there',
    () => [randomUUID(), '--to', 'REGION2'],
    /has no image [-0-9a-f]+, and no copy of it/,
  ],
  [
    'a name that is not there',
    () => ['nosuch', '--to', 'REGION2'],
    /Region REGION1 has no image of the name nosuch/,
  ],
  [
    'a region that is not there',
    () => [randomUUID(), '--to', 'REGION99'],
    /Region REGION99 is not in the catalog/,
  ],
] as const)('%s is said', async (_, args, reason) => {
  const called = await callCommand(['wait', ...args()], demo);
  expect(`${called.stdout}${called.stderr}`).toMatch(reason);
  expect(called.code).toBe(1);
});

test('a name that two images have is refused, and both are shown', async () => {
  const [one, other] = await Promise.all([1, 2].map(() => newSource(ferry, 10, { name: 'twice' })));
  const { code, stdout, stderr } = await callCommand(['wait', 'twice', '--to', 'REGION2'], demo);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain(one?.id);
  expect(stderr).toContain(other?.id);
});

test.each([
  ['no deployment', { GLANCE_FERRY_URL: '' }, 64, 'Where is the deployment?'],
  ['a URL that is none', { GLANCE_FERRY_URL: 'ferry' }, 64, 'is none: ferry'],
  ['another service', { GLANCE_FERRY_URL: 'http://127.0.0.1:1' }, 1, 'ECONNREFUSED'],
] as const)('%s is said', async (_, env, code, reason) => {
  const source = await newSource(ferry, 10);
  await glanceOf(ferry, 'REGION2').createImage({ id: source.id });
  const called = await callCommand(['cancel', source.id, '--to', 'REGION2'], { ...demo, ...env });
  expect(called.code).toBe(code);
  expect(`${called.stdout}${called.stderr}`).toContain(reason);
});
