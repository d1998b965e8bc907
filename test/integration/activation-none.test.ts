import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { useFerryByHand } from './use-ferry.ts';

const { ferry, queues } = useFerryByHand({ env: { ACTIVATION: 'none' } });

test('with ACTIVATION=none an import sets formats and properties, and moves no byte', async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'qcow2', container_format: 'bare' };
  const source = await REGION1.createImage({ ...formats, hw_disk_bus: 'scsi' }, randomBytes(100));
  const target = await REGION2.createImage({ name: 'copy' });
  const { json } = await ferry.importFrom(source.id, target.id, token);
  await queues.next('stream-image');
  const applied = await queues.next('apply-metadata');
  // Its input alone tells the step that it needs nothing transferred before it.
  expect(JSON.parse(applied?.message.Body ?? '')).toEqual({
    region: 'REGION2',
    imageId: target.id,
    taskId: json['id'],
    activation: 'none',
  });
  expect(await ferry.tasks(target.id, token)).toMatchObject([
    { status: 'success', message: 'Formats and properties are set' },
  ]);
  expect(REGION2.image(target.id)).toMatchObject({ status: 'queued', ...formats, hw_disk_bus: 'scsi' });
  expect(REGION1.requests().some(({ path }) => path.endsWith('/file'))).toBe(false);
});

test('a target that its owner has given data meanwhile is his, and the import fails and says so', async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'qcow2', container_format: 'bare' };
  const source = await REGION1.createImage({ ...formats, hw_disk_bus: 'scsi' }, randomBytes(100));
  const target = await REGION2.createImage({ name: 'copy', ...formats });
  await ferry.importFrom(source.id, target.id, token);
  const uploaded = await fetch(`${REGION2.url}/v2/images/${target.id}/file`, {
    method: 'PUT',
    headers: { 'x-auth-token': token, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(10),
  });
  expect(uploaded.status).toBe(204);
  await queues.next('stream-image');
  await queues.next('apply-metadata');
  await queues.next('fail-import');
  expect(await ferry.tasks(target.id, token)).toMatchObject([
    { status: 'failure', message: expect.stringContaining('somebody else has made it active') },
  ]);
  expect(REGION2.image(target.id)).toMatchObject({ status: 'active', size: 10 });
  expect(REGION2.image(target.id)).not.toHaveProperty('hw_disk_bus');
});
