import { describe, expect, test } from 'vitest';
import type { ContractCloud } from './cloud.ts';
import { useWorkbench } from './workbench.ts';

const conflict = 'There was a conflict when trying to complete your request.\n';
const denied = 'Access was denied to this resource.\n';
const schema = "Provided object does not match schema 'image': ";
const replace = (path: string, value: unknown): object[] => [{ op: 'replace', path, value }];
const add = (path: string, value: unknown): object[] => [{ op: 'add', path, value }];

export function patchContract(cloudOf: () => ContractCloud): void {
  const bench = useWorkbench(cloudOf);

  describe('PATCH', () => {
    test.for<[string | object[], number, string]>([
      ['', 400, 'Body expected in request.'],
      ['{nonsense', 400, 'Malformed JSON in request body.'],
      ['{}', 400, 'Request body must be a JSON array of operation objects.'],
      ['["x"]', 400, 'Operations must be JSON objects.'],
      [
        [{ path: '/name' }],
        400,
        'Unable to find `op` in JSON Schema change. It must be one of the following: add, remove, replace.',
      ],
      [
        [{ op: 'move', path: '/name' }],
        400,
        'Invalid operation: `move`. It must be one of the following: add, remove, replace.',
      ],
      [[{ op: 'add', value: 'x' }], 400, "Unable to find 'path' in JSON Schema change"],
      [[{ op: 'add', path: '/name' }], 400, 'Operation "add" requires a member named "value".'],
      [replace('name', 'x'), 400, 'Pointer `name` does not start with "/".'],
      [replace('/name/', 'x'), 400, 'Pointer `/name/` end with "/".'],
      [replace('/a//b', 'x'), 400, 'Pointer `/a//b` contains adjacent "/".'],
      [
        replace('/na~2me', 'x'),
        400,
        'Pointer `/na~2me` contains "~" not part of a recognized escape sequence.',
      ],
      [replace('/a/b', 'x'), 400, "Invalid JSON pointer for this resource: '/a/b'"],
      [add('/tags/-', 'x'), 400, "Invalid JSON pointer for this resource: '/tags/-'"],
      [replace('/nosuch', 'x'), 409, `${conflict}Property nosuch does not exist.`],
      [[{ op: 'remove', path: '/nosuch' }], 409, `${conflict}Property nosuch does not exist.`],
      [[{ op: 'remove', path: '/name' }], 403, `${denied}Property name may not be removed.`],
      [[{ op: 'remove', path: '/disk_format' }], 403, `${denied}Property disk_format may not be removed.`],
      [replace('/status', 'active'), 403, "Attribute 'status' is read-only."],
      [replace('/size', 1), 403, "Attribute 'size' is read-only."],
      [replace('/os_hash_value', 'x'), 403, "Attribute 'os_hash_value' is read-only."],
      [add('/os_glance_x', 'x'), 403, "Attribute 'os_glance_x' is reserved."],
      [add('/location', 'x'), 403, "Attribute 'location' is reserved."],
      [replace('/owner', 'x'), 403, `${denied}Owner can't be updated by non admin.`],
      [replace('/owner', 5), 400, `${schema}5 is not of type 'null', 'string'`],
      [
        replace('/disk_format', 'foo'),
        400,
        `${schema}'foo' is not one of [None, 'ami', 'ari', 'aki', 'vhd', `,
      ],
      [replace('/name', 5), 400, `${schema}5 is not of type 'null', 'string'`],
      [replace('/name', 'x'.repeat(256)), 400, `${schema}'${'x'.repeat(256)}' is too long`],
      [replace('/min_disk', '5'), 400, `${schema}'5' is not of type 'integer'`],
      [
        replace('/min_disk', -5),
        400,
        "Invalid value '-5' for parameter 'min_disk': Cannot be a negative value",
      ],
      [replace('/min_ram', 99_999_999_999), 400, "'min_ram' value out of range, must not exceed 2147483647."],
      [
        replace('/visibility', 'foo'),
        400,
        `${schema}'foo' is not one of ['community', 'public', 'private', 'shared']`,
      ],
      [replace('/visibility', 'public'), 403, 'You are not authorized to complete publicize_image action.'],
      [add('/hw_x', 5), 400, `${schema}5 is not of type 'string'`],
      [add('/hw_x', null), 400, `${schema}None is not of type 'string'`],
      [replace('/tags', ['a', 5]), 400, `${schema}5 is not of type 'string'`],
      [replace('/locations', []), 403, `${denied}Cannot set locations to empty list.`],
    ])('%j answers %i', async ([changes, status, message]) => {
      const answer = await bench().patch(await bench().queued(), changes);
      expect(answer.status).toBe(status);
      expect(answer.message.slice(0, message.length)).toBe(message);
    });

    // Glance asks for admin rights of `replace` alone (glance/api/v2/images.py, _do_replace and _do_add), and refuses in the
    // end whatever the caller could not see any more (glance/db/sqlalchemy/api.py, _image_update and _image_get).
    test('a member gives a community image away by `add`', async () => {
      const id = await bench().queued({ visibility: 'community' });
      const { projectId, token } = bench().other;
      const given = await bench().patch(id, add('/owner', projectId));
      expect([given.status, given.field('owner')]).toEqual([200, projectId]);
      expect((await bench().glance('DELETE', `/v2/images/${id}`, { token })).status).toBe(204);
    });

    test.for(['private', 'shared'])('a member gives no %s image away', async (visibility) => {
      const id = await bench().queued({ visibility });
      const given = await bench().patch(id, add('/owner', bench().other.projectId));
      expect([given.status, given.message]).toEqual([403, `Forbidding request, image ${id} not visible`]);
      expect((await bench().glance('GET', `/v2/images/${id}`)).field('owner')).toBe(bench().owner.projectId);
    });

    test('all operations in one request, with escapes in the pointer', async () => {
      const id = await bench().queued({ disk_format: null, container_format: null });
      const answer = await bench().patch(id, [
        ...replace('/disk_format', 'qcow2'),
        ...add('/container_format', 'bare'),
        ...add('/a~1b~0c', 'gone'),
        ...replace('/a~1b~0c', 'still gone'),
        { op: 'remove', path: '/a~1b~0c' },
        ...add('/trait:HW_X~1Y', 'required'),
        ...add('/hw_disk_bus', 'scsi'),
        ...add('/hw_disk_bus', 'virtio'),
        ...replace('/tags', ['b', 'a', 'b']),
        ...replace('/min_disk', 3),
      ]);
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toMatchObject({
        ...{ disk_format: 'qcow2', container_format: 'bare', hw_disk_bus: 'virtio', min_disk: 3 },
        ...{ 'trait:HW_X/Y': 'required' },
      });
      // A set, in Python's order of the day.
      expect((answer.field('tags') as string[]).sort()).toEqual(['a', 'b']);
      expect(answer.field('a/b~c')).toBeUndefined();
    });

    test('nothing is changed when one operation is refused', async () => {
      const id = await bench().queued();
      const answer = await bench().patch(id, [...replace('/name', 'new'), ...replace('/nosuch', 'x')]);
      expect(answer.status).toBe(409);
      expect((await bench().glance('GET', `/v2/images/${id}`)).field('name')).toBe('contract');
    });

    test('formats are fixed once the image is active, other attributes are not', async () => {
      const id = await bench().active('x');
      for (const name of ['disk_format', 'container_format']) {
        const answer = await bench().patch(id, replace(`/${name}`, name === 'disk_format' ? 'raw' : 'bare'));
        expect(answer.status).toBe(403);
        expect(answer.message).toBe(`Attribute ${name} can be only replaced for a queued image.`);
      }
      expect((await bench().patch(id, [...replace('/min_disk', 1), ...add('/hw_x', 'y')])).status).toBe(200);
    });

    test('the older media type names the path in the operation and adds only what is new', async () => {
      const id = await bench().queued();
      const headers = { 'Content-Type': 'application/openstack-images-v2.0-json-patch' };
      expect((await bench().patch(id, [{ replace: '/name', value: 'x' }], { headers })).status).toBe(200);
      const answer = await bench().patch(id, [{ add: '/name', value: 'x' }], { headers });
      expect(answer.message).toBe(`${conflict}Property name already present.`);
    });

    test('a protected image is not deleted', async () => {
      const id = await bench().queued({ protected: true });
      const answer = await bench().glance('DELETE', `/v2/images/${id}`);
      expect([answer.status, answer.message]).toEqual([
        403,
        `Image ${id} is protected and cannot be deleted.`,
      ]);
    });

    test('a tag is put and deleted by its own path', async () => {
      const id = await bench().queued();
      const tag = (method: string) => bench().glance(method, `/v2/images/${id}/tags/t1`);
      expect((await tag('PUT')).status).toBe(204);
      expect((await bench().glance('GET', `/v2/images/${id}`)).field('tags')).toEqual(['t1']);
      expect([(await tag('DELETE')).status, (await tag('DELETE')).status]).toEqual([204, 404]);
    });

    test('removing a tag that is not there changes nothing, not even the time of the last change', async () => {
      const id = await bench().queued();
      const before = (await bench().glance('GET', `/v2/images/${id}`)).text;
      const answer = await bench().glance('DELETE', `/v2/images/${id}/tags/none`);
      expect([answer.status, answer.message]).toEqual([404, 'The resource could not be found.']);
      expect((await bench().glance('GET', `/v2/images/${id}`)).text).toBe(before);
    });
  });
}
