import { describe, expect, test } from 'vitest';
import type { ContractCloud } from './cloud.ts';
import { octets, useWorkbench } from './workbench.ts';

const md5 = '5eb63bbbe01eeed093cb22bb8f5acdc3';

export function fileContract(cloudOf: () => ContractCloud): void {
  const bench = useWorkbench(cloudOf);
  const get = (id: string, headers: Record<string, string> = {}) =>
    bench().glance('GET', `/v2/images/${id}/file`, { headers });

  describe('downloading', () => {
    test('all bytes, with the md5 in hex', async () => {
      const answer = await get(await bench().active('hello world'));
      expect([answer.status, answer.text]).toEqual([200, 'hello world']);
      expect(answer.headers.get('content-type')).toBe('application/octet-stream');
      expect(answer.headers.get('content-md5')).toBe(md5);
      expect(answer.headers.get('content-length')).toBe('11');
      for (const name of ['etag', 'accept-ranges', 'last-modified'])
        expect(answer.headers.has(name)).toBe(false);
    });

    test('a queued image has none: 204, and a bare 500 for a range', async () => {
      const id = await bench().queued();
      expect([(await get(id)).status, (await get(id)).text]).toEqual([204, '']);
      const ranged = await get(id, { Range: 'bytes=0-1' });
      expect([ranged.status, ranged.text, ranged.headers.get('content-type')]).toEqual([
        500,
        '',
        'text/plain',
      ]);
    });

    test('an empty image is 0 bytes long, and has no range', async () => {
      const id = await bench().active('');
      const answer = await get(id);
      expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '0']);
      expect(answer.headers.get('content-md5')).toBe('d41d8cd98f00b204e9800998ecf8427e');
      const ranged = await get(id, { Range: 'bytes=0-' });
      expect(ranged.message).toContain('MUST be in the inclusive range [0, -1].');
    });

    test.for([
      ['bytes=0-4', 'hello', '0-4'],
      ['bytes=3-', 'lo world', '3-10'],
      ['bytes=0-', 'hello world', '0-10'],
      ['bytes=-4', 'orld', '7-10'],
      ['bytes=-400', 'hello world', '0-10'],
      ['bytes=5-400', ' world', '5-10'],
      ['bytes=10-', 'd', '10-10'],
    ] as const)(
      '%s is served by a store with random access, and refused by others',
      async ([range, text, sent]) => {
        const answer = await get(await bench().active('hello world'), { Range: range });
        if (!bench().cloud.hasRandomAccess) {
          const offset = sent.split('-')[0];
          expect([answer.status, answer.message]).toEqual([
            400,
            `Getting images randomly from this store is not supported. Offset: ${offset}, length: ${text.length}`,
          ]);
          return;
        }
        expect([answer.status, answer.text]).toEqual([206, text]);
        expect(answer.headers.get('content-range')).toBe(`bytes ${sent}/11`);
        expect(answer.headers.get('content-length')).toBe(String(text.length));
        expect(answer.headers.get('content-md5')).toBe(md5);
      },
    );

    const invalid = 'The Range requested is not available.\nInvalid Range header.';
    const beyond =
      'The Range requested is not available.\nInvalid start position in Range header. Start position MUST be in the inclusive range [0, 10].';
    test.for([
      ['bytes=11-12', 416, beyond],
      ['bytes=12-', 416, beyond],
      ['bytes=5-2', 416, invalid],
      ['items=0-1', 416, invalid],
      ['garbage', 416, invalid],
      [
        'bytes=0-1,3-4',
        400,
        'Requests with multiple ranges are not supported in Glance. You may make multiple single-range requests instead.',
      ],
    ] as const)('Range: %s answers %i', async ([range, status, message]) => {
      const answer = await get(await bench().active('hello world'), { Range: range });
      expect([answer.status, answer.message]).toEqual([status, message]);
    });

    test('Content-Range in a request is taken for a range', async () => {
      const id = await bench().active('hello world');
      const answer = await get(id, { 'Content-Range': 'bytes 0-4/*' });
      expect(answer.status).toBe(bench().cloud.hasRandomAccess ? 206 : 400);
      const wrong = await get(id, { 'Content-Range': 'bytes 0-40/11' });
      expect(wrong.message).toContain('Invalid Content-Range header.');
    });
  });

  describe('deactivating', () => {
    test('stops downloads until the image is reactivated', async () => {
      const id = await bench().active('x');
      const action = (name: string) => bench().glance('POST', `/v2/images/${id}/actions/${name}`);
      expect([(await action('deactivate')).status, (await action('deactivate')).status]).toEqual([204, 204]);
      expect((await bench().glance('GET', `/v2/images/${id}`)).field('status')).toBe('deactivated');
      const answer = await get(id);
      expect(answer.status).toBe(403);
      expect(answer.message).toBe(
        'The requested image has been deactivated. Image data download is forbidden.',
      );
      expect((await action('reactivate')).status).toBe(204);
      expect((await get(id)).text).toBe('x');
    });

    test('is refused while queued', async () => {
      const id = await bench().queued();
      const answer = await bench().glance('POST', `/v2/images/${id}/actions/deactivate`);
      expect([answer.status, answer.message]).toEqual([
        403,
        "Not allowed to deactivate image in status 'queued'",
      ]);
    });
  });

  test('a deleted image is gone', async () => {
    const id = await bench().active('x');
    const remove = () => bench().glance('DELETE', `/v2/images/${id}`);
    expect((await remove()).status).toBe(204);
    expect((await remove()).message).toBe(`Failed to find image ${id} to delete`);
    expect((await get(id)).message).toBe(`No image found with ID ${id}`);
    const put = await bench().glance('PUT', `/v2/images/${id}/file`, { headers: octets, body: 'x' });
    expect([put.status, put.message]).toEqual([404, `No image found with ID ${id}`]);
  });
}
