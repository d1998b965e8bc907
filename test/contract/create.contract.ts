import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ContractCloud } from './cloud.ts';
import { useWorkbench } from './workbench.ts';

export function createContract(cloudOf: () => ContractCloud): void {
  const bench = useWorkbench(cloudOf);

  describe('creating an image', () => {
    test('an empty record has Glance’s defaults and says how it can be filled', async () => {
      const answer = await bench().glance('POST', '/v2/images', { json: {} });
      const id = bench().made(String(answer.field('id')));
      expect(answer.status).toBe(201);
      expect(answer.headers.get('location')).toBe(`${bench().cloud.glanceUrl}/v2/images/${id}`);
      expect(answer.headers.get('openstack-image-import-methods')).toContain('web-download');
      expect(answer.headers.get('openstack-image-store-ids')).toBeTruthy();
      // A Glance with show_multiple_locations shows them, too.
      const { locations: _, ...image } = JSON.parse(answer.text);
      expect(image).toEqual({
        ...{ id, name: null, disk_format: null, container_format: null, visibility: 'shared', size: null },
        ...{
          virtual_size: null,
          status: 'queued',
          checksum: null,
          protected: false,
          min_ram: 0,
          min_disk: 0,
        },
        ...{ owner: bench().owner.projectId, os_hidden: false, os_hash_algo: null, os_hash_value: null },
        ...{ tags: [], self: `/v2/images/${id}`, file: `/v2/images/${id}/file`, schema: '/v2/schemas/image' },
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      });
    });

    test('an id, properties and tags are taken over', async () => {
      const id = bench().made(randomUUID());
      const json = {
        id,
        hw_disk_bus: 'scsi',
        'trait:X': 'required',
        visibility: 'private',
        tags: ['b', 'a', 'b'],
      };
      const answer = await bench().glance('POST', '/v2/images', { json });
      const { tags, ...created } = JSON.parse(answer.text);
      const { tags: _, ...asked } = json;
      expect(created).toMatchObject(asked);
      // A set, in Python's order of the day.
      expect(tags.sort()).toEqual(['a', 'b']);
    });

    test('an id is never used twice, not even after its image is gone', async () => {
      const id = await bench().queued();
      const again = () => bench().glance('POST', '/v2/images', { json: { id } });
      expect((await again()).message).toBe(`Image ID ${id} already exists!`);
      await bench().glance('DELETE', `/v2/images/${id}`);
      expect((await again()).status).toBe(409);
    });

    const schema = "Provided object does not match schema 'image': ";
    test.for([
      ['', 400, 'Body expected in request.'],
      ['{bad', 400, 'Malformed JSON in request body.'],
      ['5', 400, 'Unexpected body type. Expected list/dict.'],
      ['[]', 500, 'The server has either erred or is incapable of performing the requested operation.'],
      ['{"id":"nouuid"}', 400, `${schema}'nouuid' does not match `],
      ['{"disk_format":"x"}', 400, `${schema}'x' is not one of [None, 'ami', `],
      ['{"hw_x":5}', 400, `${schema}5 is not of type 'string'`],
      ['{"protected":"yes"}', 400, `${schema}'yes' is not of type 'boolean'`],
      ['{"min_disk":-1}', 400, "Invalid value '-1' for parameter 'min_disk': Cannot be a negative value"],
      ['{"status":"active"}', 403, "Attribute 'status' is read-only."],
      ['{"checksum":"x"}', 403, "Attribute 'checksum' is read-only."],
      ['{"self":"x"}', 403, "Attribute 'self' is read-only."],
      [
        '{"os_glance_x":"x"}',
        403,
        "Access was denied to this resource.\nAttribute 'os_glance_x' is reserved.",
      ],
      ['{"location":"x"}', 403, "Access was denied to this resource.\nAttribute 'location' is reserved."],
      ['{"owner":"x"}', 403, "You are not permitted to create images owned by 'x'."],
      ['{"visibility":"public"}', 403, 'You are not authorized to complete publicize_image action.'],
    ] as const)('%s answers %i', async ([body, status, message]) => {
      const answer = await bench().glance('POST', '/v2/images', { body });
      expect(answer.status).toBe(status);
      expect(answer.message.slice(0, message.length)).toBe(message);
    });

    test('more than 128 properties answer 413', async () => {
      const json = Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`p${index}`, 'x']));
      const answer = await bench().glance('POST', '/v2/images', { json });
      expect(answer.status).toBe(413);
      expect(answer.message).toContain('Attempted: 129, Maximum: 128');
    });
  });

  describe('listing images', () => {
    test('finds by name, pages, and names the next page', async () => {
      const name = `contract-list-${randomUUID()}`;
      const ids = [await bench().queued({ name }), await bench().queued({ name })];
      const first = await bench().glance('GET', `/v2/images?name=${name}&limit=1`);
      const second = await bench().glance('GET', String(first.field('next')));
      expect(first.field('first')).toBe(`/v2/images?name=${name}&limit=1`);
      expect([first, second].flatMap(idsOf).sort()).toEqual(ids.sort());
      expect(idsOf(await bench().glance('GET', String(second.field('next'))))).toEqual([]);
    });

    test.for([
      ['limit=x', 'limit param must be an integer'],
      ['limit=-1', 'limit param must be positive'],
      ['marker=x', 'No image found with ID x'],
      ['visibility=foo', 'Invalid visibility value: foo'],
      [
        'sort=foo',
        'Invalid sort key: foo. It must be one of the following: name, status, container_format, disk_format, size, id, created_at, updated_at.',
      ],
    ])('?%s answers 400', async ([query, message]) => {
      const answer = await bench().glance('GET', `/v2/images?${query}`);
      expect([answer.status, answer.message]).toEqual([400, message]);
    });
  });
}

const idsOf = (answer: { field(name: string): unknown }): string[] =>
  (answer.field('images') as { id: string }[]).map(({ id }) => id);
