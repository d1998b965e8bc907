import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ferry, startFerry } from './ferry.ts';

let ferry: Ferry;

beforeAll(async () => {
  ferry = await startFerry({ env: { ACTIVATION: 'none' } });
});
afterAll(() => ferry.stop());

test('with ACTIVATION=none an import sets formats and properties, and moves no byte', async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const formats = { disk_format: 'qcow2', container_format: 'bare' };
  const source = await REGION1.createImage({ ...formats, hw_disk_bus: 'scsi' }, randomBytes(100));
  const target = await REGION2.createImage({ name: 'copy' });
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });
  expect(await ferry.finished(target.id, token)).toMatchObject({
    status: 'success',
    message: 'Formats and properties are set',
  });
  expect(REGION2.image(target.id)).toMatchObject({ status: 'queued', ...formats, hw_disk_bus: 'scsi' });
  expect(REGION1.requests().some(({ path }) => path.endsWith('/file'))).toBe(false);
});
