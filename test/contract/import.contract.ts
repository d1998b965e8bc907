import { describe, expect, test } from 'vitest';
import type { ContractCloud } from './cloud.ts';
import { useWorkbench } from './workbench.ts';

const erred = 'The server has either erred or is incapable of performing the requested operation.';
const web = (more: object = {}) => ({
  method: { name: 'web-download', uri: 'http://8.8.8.8/' },
  ...more,
});

/** What Glance's own import call refuses; nothing here starts an import. */
export function importContract(cloudOf: () => ContractCloud): void {
  const bench = useWorkbench(cloudOf);
  const post = (id: string, body: unknown, token?: string) =>
    bench().glance('POST', `/v2/images/${id}/import`, {
      ...{ body: typeof body === 'string' ? body : JSON.stringify(body) },
      ...(token === undefined ? {} : { token }),
    });

  describe('POST import', () => {
    test.for<[unknown, number, string]>([
      ['', 400, 'Body expected in request.'],
      ['{bad', 400, 'Malformed JSON in request body.'],
      [{}, 400, "Import request requires a 'method' field."],
      [{ method: {} }, 400, "Import request requires a 'name' field."],
      [{ method: { name: 'foo' } }, 400, "Unknown import method name 'foo'."],
      [[], 500, erred],
      [{ method: null }, 500, erred],
      [{ method: 'web-download' }, 500, erred],
      [web({ all_stores: 'yes' }), 400, "'all_stores' must be boolean value only"],
      [web({ all_stores_must_succeed: 1 }), 400, "'all_stores_must_succeed' must be boolean value only"],
      [web(), 404, 'No image found with ID nosuch'],
    ])('%j of an image that is not there answers %i', async ([body, status, message]) => {
      const answer = await post('nosuch', body);
      expect([answer.status, answer.message]).toEqual([status, message]);
    });

    test('an image that is not queued, or lacks a format, answers 409', async () => {
      expect((await post(await bench().active('x'), web())).message).toBe(
        'Image with status active cannot be target for import',
      );
      expect((await post(await bench().queued({ container_format: null }), web())).message).toBe(
        "'container_format' needs to be set before import",
      );
      expect((await post(await bench().queued({ disk_format: null }), web())).message).toBe(
        "'disk_format' needs to be set before import",
      );
      expect((await post(await bench().queued(), { method: { name: 'glance-direct' } })).message).toBe(
        "Image needs to be staged before 'glance-direct' method can be used",
      );
      expect((await post(await bench().queued(), { method: { name: 'copy-image' } })).message).toBe(
        'Only images with status active can be targeted for copying',
      );
    });

    test('another project gets 404, or 403 when it sees the image', async () => {
      const { token } = bench().other;
      const hidden = await bench().queued();
      expect((await post(hidden, web(), token)).message).toBe(`No image found with ID ${hidden}`);
      const community = await bench().queued({ visibility: 'community' });
      expect((await post(community, web(), token)).message).toBe('You do not own this image');
    });
  });
}
