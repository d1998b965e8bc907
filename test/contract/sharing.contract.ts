import { describe, expect, test } from 'vitest';
import type { ContractCloud } from './cloud.ts';
import { octets, useWorkbench } from './workbench.ts';

const sameName = [{ op: 'replace', path: '/name', value: 'contract' }];

export function sharingContract(cloudOf: () => ContractCloud): void {
  const bench = useWorkbench(cloudOf);
  const asOther = (method: string, path: string, json?: unknown) =>
    bench().glance(method, path, { token: bench().other.token, ...(json === undefined ? {} : { json }) });
  const share = (id: string) =>
    bench().glance('POST', `/v2/images/${id}/members`, { json: { member: bench().other.projectId } });

  describe('another project', () => {
    test('does not see a private or shared image', async () => {
      const id = await bench().queued();
      const none = `No image found with ID ${id}`;
      const { token } = bench().other;
      expect((await asOther('GET', `/v2/images/${id}`)).message).toBe(none);
      expect((await asOther('GET', `/v2/images/${id}/file`)).message).toBe(none);
      expect((await bench().patch(id, [], { token })).message).toBe(none);
      expect((await bench().patch(id, sameName, { token })).message).toBe(none);
      expect((await asOther('DELETE', `/v2/images/${id}/tags/none`)).message).toBe(`Image ${id} not found.`);
      expect((await asOther('GET', `/v2/images/${id}/tasks`)).message).toBe(
        'The resource could not be found.',
      );
      expect((await asOther('GET', `/v2/images/${id}/members`)).message).toBe(`Image ${id} not found.`);
      expect((await asOther('DELETE', `/v2/images/${id}`)).message).toBe(
        `Failed to find image ${id} to delete`,
      );
      expect((await asOther('POST', `/v2/images/${id}/actions/reactivate`)).message).toBe(none);
    });

    test('reads a community image but does not change it', async () => {
      const id = await bench().queued({ visibility: 'community' });
      const { token } = bench().other;
      expect((await asOther('GET', `/v2/images/${id}`)).status).toBe(200);
      expect((await bench().patch(id, [], { token })).status).toBe(200);
      const patched = await bench().patch(id, sameName, { token });
      expect([patched.status, patched.message]).toEqual([403, 'You do not own this image']);
      // Whether the tag is there is not looked at before: import-image asks so whether it may modify the image.
      const tag = await asOther('DELETE', `/v2/images/${id}/tags/none`);
      expect([tag.status, tag.message]).toEqual([403, `Not allowed to delete tags for image ${id}.`]);
      const removed = await asOther('DELETE', `/v2/images/${id}`);
      expect([removed.status, removed.message]).toEqual([403, 'You do not own this image']);
      const put = await bench().glance('PUT', `/v2/images/${id}/file`, { token, headers: octets, body: 'x' });
      expect([put.status, put.message]).toEqual([403, `Not allowed to upload image data for image ${id}`]);
    });

    test('reads an image shared with it, before it has accepted', async () => {
      const id = await bench().active('hello world');
      const shared = await share(id);
      expect(shared.status).toBe(200);
      expect(JSON.parse(shared.text)).toMatchObject({
        ...{
          member_id: bench().other.projectId,
          image_id: id,
          status: 'pending',
          schema: '/v2/schemas/member',
        },
      });
      expect((await asOther('GET', `/v2/images/${id}/file`)).text).toBe('hello world');
      const patched = await bench().patch(id, sameName, { token: bench().other.token });
      expect(patched.message).toBe('You do not own this image');
    });

    test('accepts a membership itself, and then lists the image', async () => {
      const id = await bench().queued();
      await share(id);
      const member = `/v2/images/${id}/members/${bench().other.projectId}`;
      const listed = async () =>
        ((await asOther('GET', '/v2/images?limit=1000')).field('images') as { id: string }[]).map(
          (one) => one.id,
        );
      expect(await listed()).not.toContain(id);
      const byOwner = await bench().glance('PUT', member, { json: { status: 'accepted' } });
      expect([byOwner.status, byOwner.message]).toEqual([
        403,
        `Not allowed to update members for image ${id}.`,
      ]);
      expect((await asOther('PUT', member, { status: 'nonsense' })).message).toBe(
        'Incorrect request: Status must be "pending", "accepted" or "rejected".',
      );
      expect((await asOther('PUT', member, { status: 'accepted' })).field('status')).toBe('accepted');
      expect(await listed()).toContain(id);
    });

    test('loses sight of the image with its membership', async () => {
      const id = await bench().queued();
      await share(id);
      const member = `/v2/images/${id}/members/${bench().other.projectId}`;
      expect((await share(id)).message).toBe(
        `Member ${bench().other.projectId} is duplicated for image ${id}`,
      );
      expect((await asOther('DELETE', member)).message).toBe(
        `Not allowed to delete members for image ${id}.`,
      );
      expect((await bench().glance('DELETE', member)).status).toBe(204);
      expect((await bench().glance('DELETE', member)).message).toBe(
        `${bench().other.projectId} not found in the member list of the image ${id}.`,
      );
      expect((await asOther('GET', `/v2/images/${id}`)).status).toBe(404);
    });
  });

  test('a private image has no members', async () => {
    const id = await bench().queued({ visibility: 'private' });
    expect((await share(id)).message).toBe(`Not allowed to create members for image ${id}.`);
    expect((await bench().glance('GET', `/v2/images/${id}/members`)).message).toBe(
      `Not allowed to list members for image ${id}: Only shared images have members.`,
    );
  });

  test('an image that was never imported has no tasks', async () => {
    const answer = await bench().glance('GET', `/v2/images/${await bench().queued()}/tasks`);
    expect(JSON.parse(answer.text)).toEqual({ tasks: [] });
  });

  test('the tasks API is not for members', async () => {
    const answer = await bench().glance('GET', '/v2/tasks');
    expect([answer.status, answer.message]).toEqual([
      403,
      'You are not authorized to complete tasks_api_access action.',
    ]);
  });
}
