import { expect, test } from 'vitest';
import { useReplication } from './use-replication.ts';

const policy = {
  ...{ name: 'golden', source: { region: 'REGION1' }, targets: [{ region: 'REGION2' }] },
  ...{ select: { tags: ['golden'] }, identity: 'provenance', caps: { imports: 2 } },
};
const ferry = useReplication({ policies: { 'golden.yaml': policy } });

const images = 6;

test('of events that name a policy no more are imported at a time than it lets, and the others wait for their turn', async () => {
  const source = ferry.glance('REGION1');
  const { promise: until, resolve } = Promise.withResolvers<void>();
  const ids: string[] = [];
  for (let index = 0; index < images; index += 1) {
    const facts = { disk_format: 'raw', container_format: 'bare', owner: 'admin', tags: ['golden'] };
    const { id } = await source.createImage({ ...facts, name: `golden ${index}` }, `bytes of ${index}`);
    source.fault(id, { on: 'get-file', kind: 'hold', from: 1, until, times: 99 });
    ids.push(id);
  }
  const replicas = () => ids.flatMap((id) => ferry.replicasOf('REGION2', id));
  const token = ferry.openstack.issueToken('admin');
  const imports = async (): Promise<number> => {
    const tasks = await Promise.all(replicas().map(({ id }) => ferry.tasks(id, token, 'REGION2')));
    return tasks.flat().length;
  };

  await Promise.all(
    ids.map((image_id) => ferry.publish({ source: { region: 'REGION1', image_id }, policy: 'golden' })),
  );
  await expect.poll(imports, { timeout: 20_000 }).toBe(2);
  for (const end = Date.now() + 6_000; Date.now() < end; ) expect(await imports()).toBe(2);

  resolve();
  await expect
    .poll(() => replicas().filter(({ status }) => status === 'active').length, { timeout: 90_000 })
    .toBe(images);
  expect(await imports()).toBe(images);
}, 150_000);
