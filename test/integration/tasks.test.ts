import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { userNamed } from '../cloud/openstack/keystone/fixture.ts';
import type { TaskShown } from './ferry.ts';
import { expectNothingLeft } from './nothing-left.ts';
import { downloadOf, expectError, requestIdForm } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

const MiB = 1024 ** 2;
const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** `2020-12-18T05:20:38.000000`: microseconds, no zone. */
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/;

const ferry = useFerry({ env: { PART_SIZE_MIB: '5', SOURCE_STALL_S: '1', PARTS_IN_FLIGHT: '1' } });
let token: string;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});

const source = async (size = 1000): Promise<string> => {
  const formats = { disk_format: 'raw', container_format: 'bare' };
  return (await ferry.openstack.regions.REGION1.madeUpImage(formats, { size, seed: 1 })).id;
};
const target = async (image = {}): Promise<string> =>
  (await ferry.openstack.regions.REGION2.createImage({ name: 'target', ...image })).id;

const list = (imageId: string, asToken = token) =>
  ferry.http('list-tasks', { method: 'GET', imageId, token: asToken });

/** Ids of the tasks that a user sees of an image. */
const shownTo = async (imageId: string, userName: string): Promise<readonly string[]> =>
  (await ferry.tasks(imageId, ferry.openstack.issueToken(userName))).map(({ id }) => id);

const share = async (imageId: string, userName: string): Promise<void> => {
  const url = `${ferry.openstack.regions.REGION2.url}/v2/images/${imageId}/members`;
  const body = JSON.stringify({ member: userNamed(userName).project.id });
  const answer = await fetch(url, { method: 'POST', headers: { 'x-auth-token': token }, body });
  expect(answer.status).toBe(200);
};

/** Glance's time as a Date: it is UTC and does not say so. */
const dateOf = (time: unknown): number => Date.parse(`${time}Z`);

test('a task has exactly the fields of Glance, from its beginning to its end', async () => {
  const [sourceId, imageId] = [await source(), await target()];
  const body = { ...downloadOf(sourceId, { glance_region: 'region1' }), all_stores_must_succeed: false };
  const answer = await ferry.http('import-image', { method: 'POST', imageId, token, body });

  const user = userNamed('demo');
  const common = {
    id: expect.stringMatching(uuidForm),
    type: 'api_image_import',
    owner: user.project.id,
    created_at: expect.stringMatching(timeForm),
    updated_at: expect.stringMatching(timeForm),
    deleted_at: null,
    deleted: false,
    image_id: imageId,
    request_id: answer.headers['x-openstack-request-id'],
    user_id: user.id,
    input: {
      image_id: imageId,
      import_req: {
        method: {
          name: 'glance-download',
          glance_image_id: sourceId,
          glance_region: 'region1',
          glance_service_interface: 'public',
        },
        all_stores: false,
        all_stores_must_succeed: false,
      },
      backend: [null],
    },
  };
  expect(answer.json).toEqual({ ...common, status: 'pending', expires_at: null, result: null, message: '' });

  const task = await ferry.finished(imageId, token);
  expect(task).toEqual({
    ...common,
    id: answer.json['id'],
    created_at: answer.json['created_at'],
    status: 'success',
    expires_at: expect.stringMatching(timeForm),
    result: { image_id: imageId },
    message: 'Copied 0 MiB',
  });
  const lifetimeH = (dateOf(task['expires_at']) - dateOf(task['updated_at'])) / 3_600_000;
  expect(lifetimeH).toBeCloseTo(48, 2);
  expect(dateOf(task['updated_at'])).toBeGreaterThan(dateOf(task['created_at']));
  expect(Math.abs(dateOf(task['created_at']) - Date.now())).toBeLessThan(30_000);
});

test('the message of a running task says how much is copied, and never less than before', async () => {
  const [sourceId, imageId] = [await source(20 * MiB), await target()];
  const { REGION1 } = ferry.openstack.regions;
  REGION1.fault(sourceId, { kind: 'stall-after', bytes: 11 * MiB, on: 'get-file' });
  await ferry.importFrom(sourceId, imageId, token);

  const seen: TaskShown[] = [];
  for (let ended = false; !ended; await delay(20)) {
    const [task] = await ferry.tasks(imageId, token);
    if (task) seen.push(task);
    ended = task?.status === 'success' || task?.status === 'failure';
  }
  expect(seen).toContainEqual(
    expect.objectContaining({ status: 'processing', message: 'Copied 10 MiB of 20 MiB' }),
  );
  expect(seen.at(-1)).toMatchObject({ status: 'success', message: 'Copied 20 MiB' });
  const copied = seen.flatMap(
    ({ message }) =>
      message
        .match(/^Copied (\d+) MiB/)
        ?.slice(1)
        .map(Number) ?? [],
  );
  expect(copied).toEqual(copied.toSorted((a, b) => a - b));
});

describe('the tasks of an image', () => {
  test('that was never imported are none', async () => {
    const answer = await list(await target());
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(answer.headers['x-openstack-request-id']).toMatch(requestIdForm);
    expect(answer.json).toEqual({ tasks: [] });
  });

  test("are listed oldest first, Glance's own among them", async () => {
    const [sourceId, imageId] = [await source(), await target()];
    const { REGION2 } = ferry.openstack.regions;
    const at = (ms: number) => `${new Date(ms).toISOString().slice(0, -1)}000`;
    REGION2.addTask(imageId, { id: 'older', created_at: at(Date.now() - 60_000), message: 'of Glance' });
    REGION2.fault(imageId, { kind: 'status', status: 409, on: 'put-file' });
    await ferry.importFrom(sourceId, imageId, token);
    const first = await ferry.finished(imageId, token);
    await expectNothingLeft(ferry);
    await ferry.importFrom(sourceId, imageId, token);
    const second = await ferry.finished(imageId, token);
    REGION2.addTask(imageId, { id: 'newer', created_at: at(Date.now() + 60_000) });

    const tasks = await ferry.tasks(imageId, token);
    expect(tasks.map(({ id }) => id)).toEqual(['older', first.id, second.id, 'newer']);
    expect(tasks.map(({ status }) => status)).toEqual([undefined, 'failure', 'success', undefined]);
    expect(tasks[0]).toEqual({ id: 'older', created_at: expect.any(String), message: 'of Glance' });
  });

  test('are for those who see the image: others get 404', async () => {
    const imageId = await target();
    await ferry.importFrom(await source(), imageId, token);
    const { id } = await ferry.finished(imageId, token);
    for (const name of ['demo', 'reader', 'admin'])
      expect((await list(imageId, ferry.openstack.issueToken(name))).json).toMatchObject({ tasks: [{ id }] });
    const message = `No image found with ID ${imageId}`;
    expectError(await list(imageId, ferry.openstack.issueToken('other')), { status: 404, message });
  });

  test.each(['community', 'public', 'shared'])(
    'of a %s image are for its project and admins: whoever else sees it gets none',
    async (visibility) => {
      const { REGION2 } = ferry.openstack.regions;
      const imageId = await target({ visibility });
      if (visibility === 'shared') await share(imageId, 'other');
      REGION2.addTask(imageId, { id: 'of-glance', created_at: '2026', owner: userNamed('demo').project.id });
      await ferry.importFrom(await source(), imageId, token);
      const { id } = await ferry.finished(imageId, token);
      for (const name of ['demo', 'reader', 'admin'])
        expect(await shownTo(imageId, name)).toEqual(['of-glance', id]);
      expect(await shownTo(imageId, 'other')).toEqual([]);
    },
  );

  test("that an admin imported for another project are the admin's own", async () => {
    const imageId = await target();
    const admin = ferry.openstack.issueToken('admin');
    await ferry.importFrom(await source(), imageId, admin);
    const { id } = await ferry.finished(imageId, admin);
    expect(await shownTo(imageId, 'admin')).toEqual([id]);
    expect(await shownTo(imageId, 'demo')).toEqual([]);
  });

  test('of an image that is not there are 404', async () => {
    const message = 'No image found with ID 3c1b2a5e-0000-4000-8000-000000000000';
    expectError(await list('3c1b2a5e-0000-4000-8000-000000000000'), { status: 404, message });
    expectError(await list('not-a-uuid'), { status: 404, message: 'No image found with ID not-a-uuid' });
  });
});
