import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SyncedClouds, startSyncedClouds } from './synced-clouds.ts';

const [REGION1, REGION2] = ['REGION1', 'REGION2'];

let clouds: SyncedClouds;
beforeAll(async () => {
  const policy = (names: string, imports: number) => ({
    ...{ source: { region: REGION1 }, targets: [{ region: REGION2 }], caps: { imports } },
    select: { visibility: ['public'], names: [names] },
  });
  clouds = await startSyncedClouds({
    cancelled: policy('cancelled *', 1),
    unreadable: policy('unreadable *', 1),
  });
});
afterAll(() => clouds.stop());

const formats = { disk_format: 'raw', container_format: 'bare' };
const make = (name: string) => {
  const image = { ...formats, name, owner: 'admin', visibility: 'public' };
  return clouds.glance(REGION1 ?? '').createImage(image, `bytes of ${name}`);
};
const queuedIn = async (prefix: string): Promise<string> => {
  const [record] = await clouds.images('REGION2', prefix);
  return record?.id ?? '';
};

test('an import that was cancelled is left, and does not take the turn of other images', async () => {
  const { id } = await make('cancelled a');
  const { promise: until, resolve } = Promise.withResolvers<void>();
  clouds.glance('REGION1').fault(id, { on: 'get-file', kind: 'hold', from: 1, until, times: 99 });
  expect((await clouds.sync('cancelled')).regions['REGION2']).toMatchObject({ copied: 1 });
  await expect.poll(() => queuedIn('cancelled a')).not.toBe('');
  const target = { region: 'REGION2', imageId: await queuedIn('cancelled a') };
  const token = clouds.ferry.openstack.issueToken('admin');
  await expect
    .poll(() => clouds.ferry.http('cancel-import', { method: 'DELETE', ...target, token }))
    .toMatchObject({ status: 204 });
  resolve();
  const tasks = () => clouds.ferry.tasks(target.imageId, token, 'REGION2');
  await expect.poll(tasks, { timeout: 60_000 }).toMatchObject([{ status: 'failure' }]);

  await make('cancelled b');
  const told = await clouds.sync('cancelled');
  expect(told.regions['REGION2']).toMatchObject({ copied: 1, kept: 1 });
  expect(told.changes).toMatchObject([
    { image: id, outcome: 'kept', reason: 'its last import has failed: Cancelled by its owner' },
  ]);
  await clouds.arrived('REGION2', 'cancelled b', 1);
  expect(await tasks()).toHaveLength(1);
});

test('an image that cannot be read does not take the turn of others', async () => {
  const { id } = await make('unreadable a');
  clouds.glance('REGION1').fault(id, { on: 'get-file', kind: 'status', status: 403, times: 1000 });
  await clouds.sync('unreadable');
  await expect.poll(() => queuedIn('unreadable a')).not.toBe('');
  const others = ['unreadable b', 'unreadable c'];
  for (const name of others) await make(name);
  for (const name of others)
    await expect
      .poll(
        async () => {
          await clouds.sync('unreadable');
          return (await clouds.images('REGION2', name)).map(({ status }) => status);
        },
        { timeout: 30_000 },
      )
      .toEqual(['active']);
});
