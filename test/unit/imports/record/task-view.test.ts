import { expect, test } from 'vitest';
import { newTask } from '../../../../lib/imports/record/new-task.ts';
import { taskView } from '../../../../lib/imports/record/task-view.ts';
import type { ImageId, RegionName, RequestId } from '../../../../lib/schemas/ids.ts';
import { glanceTime, type Task } from '../../../../lib/state/task.ts';

const imageId = '11111111-1111-1111-1111-111111111111' as ImageId;
const sourceId = '22222222-2222-2222-2222-222222222222' as ImageId;
const endpoint = { interface: 'public', region: 'REGION1', url: 'http://glance1/v2/' };

const made = {
  region: 'REGION2' as RegionName,
  imageId,
  requestId: 'req-1' as RequestId,
  identity: {
    userId: 'user',
    projectId: 'project',
    roles: ['member'],
    expiresAtMs: 0,
    catalog: [{ type: 'image', endpoints: [endpoint] }],
  },
  targetEndpoint: 'http://glance2',
  activation: 'upload' as const,
};
const glanceSource = {
  kind: 'glance-download',
  region: 'region1',
  interface: 'public',
  imageId: sourceId,
} as const;
const importOf = (more: Partial<Parameters<typeof newTask>[0]> = {}): Task =>
  newTask({ ...made, body: {}, source: glanceSource, ...more });

test('a task is shown with the fields of Glance and no others', () => {
  const task = importOf();
  expect(taskView(task)).toEqual({
    id: task.taskId,
    type: 'api_image_import',
    status: 'pending',
    owner: 'project',
    expires_at: null,
    created_at: task.createdAt,
    updated_at: task.createdAt,
    deleted_at: null,
    deleted: false,
    image_id: imageId,
    request_id: 'req-1',
    user_id: 'user',
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
        all_stores_must_succeed: true,
      },
      backend: [null],
    },
    result: null,
    message: '',
  });
});

test('a task that succeeded shows its result and when it will be forgotten; one that failed has no result', () => {
  const ended = { ...importOf(), expiresAt: '2026-01-01T00:00:00.000000', message: 'why' };
  const shown = { expires_at: '2026-01-01T00:00:00.000000', message: 'why' };
  expect(taskView({ ...ended, status: 'success' })).toMatchObject({
    ...shown,
    result: { image_id: imageId },
  });
  expect(taskView({ ...ended, status: 'failure' })).toMatchObject({ ...shown, result: null });
});

test('the secret of a URI is neither shown nor kept in clear', () => {
  const uri = 'https://user:secret-password@host/i?X-Amz-Signature=secret-signature';
  const task = importOf({
    body: {},
    source: { kind: 'web-download', uri },
  });
  expect(task.source).toEqual({ kind: 'web-download' });
  expect(task.importRequest['method']).toEqual({ name: 'web-download', uri: 'https://host/i' });
  expect(JSON.stringify([task, taskView(task)])).not.toContain('secret');
});

test('a glance-download knows its endpoint where the catalog has one', () => {
  expect(importOf().source).toEqual({ ...glanceSource, endpoint: 'http://glance1' });
  const elsewhere = { ...glanceSource, region: 'REGION9' };
  expect(importOf({ source: elsewhere }).source).toEqual(elsewhere);
});

test('times are in microseconds, in UTC, without a zone', () => {
  expect(glanceTime(new Date(Date.UTC(2020, 11, 18, 5, 20, 38, 7)))).toBe('2020-12-18T05:20:38.007000');
});
