import { beforeAll, expect, test } from 'vitest';
import { expectNothingLeft } from './nothing-left.ts';
import { downloadOf } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

// Nobody reads stream-image's queue: imports are queued, and not begun.
const ferry = useFerry({ idle: ['stream-image'] });
let token: string;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});

test('an import that has not begun is cancelled, its message finds nothing to do, and another one takes its place', async () => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = await REGION1.createImage({ disk_format: 'raw', container_format: 'bare' }, 'data');
  const { id: imageId } = await REGION2.createImage({ name: 'target' });
  const body = downloadOf(source.id);
  const first = await ferry.http('import-image', { method: 'POST', imageId, token, body });
  expect(await ferry.http('cancel-import', { method: 'DELETE', imageId, token })).toMatchObject({
    status: 204,
  });
  expect(await ferry.finished(imageId, token)).toMatchObject({
    id: first.json['id'],
    status: 'failure',
    message: 'Cancelled by its owner',
  });
  await expectNothingLeft(ferry);
  const message = { region: 'REGION2', imageId, taskId: first.json['id'] };
  const record = { messageId: '1', receiptHandle: 'r', attributes: {}, body: JSON.stringify(message) };
  expect(await ferry.invoke('stream-image', { Records: [record] })).toEqual({ batchItemFailures: [] });
  expect(REGION2.image(imageId)).toMatchObject({ status: 'queued', disk_format: null });
  const second = await ferry.http('import-image', { method: 'POST', imageId, token, body });
  expect(second).toMatchObject({ status: 201 });
});
