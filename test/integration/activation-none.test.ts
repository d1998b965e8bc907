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
