import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ContractCloud } from './cloud.ts';
import { octets, useWorkbench } from './workbench.ts';

const sha512 =
  '309ecc489c12d6eb4cc40f50c902f2b4d0ed77ee511a7c7a9bcd3ca86d4cd86f989dd35bc5ff499670da34255b45b0cfd830e81f605dcf7dc5542e93ae9cd76f';

export function uploadContract(cloudOf: () => ContractCloud): void {
  const bench = useWorkbench(cloudOf);
  const put = (id: string, body: string | Buffer = 'x', headers: Record<string, string> = {}) =>
    bench().glance('PUT', `/v2/images/${id}/file`, { headers: { ...octets, ...headers }, body });
  const image = async (id: string) => JSON.parse((await bench().glance('GET', `/v2/images/${id}`)).text);

  describe('uploading', () => {
    test('makes the image active, with size and hashes', async () => {
      const id = await bench().queued();
      const answer = await put(id, 'hello world');
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(await image(id)).toMatchObject({
        ...{ status: 'active', size: 11, virtual_size: 11, checksum: '5eb63bbbe01eeed093cb22bb8f5acdc3' },
        ...{ os_hash_algo: 'sha512', os_hash_value: sha512 },
      });
    });

    test('a second time answers 409', async () => {
      const answer = await put(await bench().active('x'));
      expect(answer.status).toBe(409);
      expect(answer.message).toBe('Image status transition from active to saving is not allowed');
    });

    test('without formats answers 400', async () => {
      const none = await bench().queued({ disk_format: null, container_format: null });
      const one = await bench().queued({ container_format: null });
      expect((await put(none)).message).toBe(
        'Properties disk_format, container_format must be set prior to saving data.',
      );
      expect((await put(one)).message).toBe('Property container_format must be set prior to saving data.');
      expect((await image(one)).status).toBe('queued');
    });

    test('anything but application/octet-stream answers 415', async () => {
      const answer = await put(await bench().queued(), 'x', { 'Content-Type': 'text/plain' });
      expect([answer.status, answer.message]).toEqual([
        415,
        'The request media type text/plain is not supported by this server.',
      ]);
    });

    test('to an unknown store answers 400', async () => {
      const answer = await put(await bench().queued(), 'x', { 'X-Image-Meta-Store': 'nosuch' });
      expect([answer.status, answer.message]).toEqual([400, 'Store for identifier nosuch not found']);
    });

    test('a qcow2 header gives the virtual size', async () => {
      const id = await bench().queued({ disk_format: 'qcow2' });
      const header = Buffer.alloc(64 * 1024);
      header.writeUInt32BE(0x514649fb, 0);
      header.writeUInt32BE(3, 4);
      header.writeBigUInt64BE(64n * 1024n * 1024n, 24);
      expect((await put(id, header)).status).toBe(204);
      expect((await image(id)).virtual_size).toBe(64 * 1024 * 1024);
    });
  });

  describe('an upload that is under way', () => {
    const head = (id: string): string =>
      [
        ...[`PUT /v2/images/${id}/file HTTP/1.1`, 'Host: contract', 'Accept: application/json'],
        ...[`X-Auth-Token: ${bench().owner.token}`, 'Content-Type: application/octet-stream', ''],
      ].join('\r\n');

    const begin = async (id: string, rest: string) => {
      const { hostname, port } = new URL(bench().cloud.glanceUrl);
      const socket = connect(Number(port), hostname);
      let answer = '';
      socket.on('data', (data) => {
        answer += data.toString();
      });
      socket.on('error', () => {});
      socket.write(head(id) + rest);
      await expect.poll(async () => (await image(id)).status).toBe('saving');
      return { socket, answer: () => answer };
    };

    test.for(['end', 'reset'] as const)('and breaks off (%s) leaves the image queued', async (how) => {
      const id = await bench().queued();
      const { socket } = await begin(id, 'Content-Length: 1000\r\n\r\nhello');
      if (how === 'end') socket.destroy();
      else socket.resetAndDestroy();
      await expect.poll(async () => (await image(id)).status).toBe('queued');
      expect(await image(id)).toMatchObject({ size: null, checksum: null });
      expect((await put(id)).status).toBe(204);
    });

    test('and breaks off in a chunked body leaves the image queued', async () => {
      const id = await bench().queued();
      const { socket } = await begin(id, 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      socket.destroy();
      await expect.poll(async () => (await image(id)).status).toBe('queued');
    });

    test('keeps out a second one, downloads and format changes', async () => {
      const id = await bench().queued();
      const { socket } = await begin(id, 'Content-Length: 1000\r\n\r\nhello');
      expect((await put(id)).message).toBe('Image status transition from saving to saving is not allowed');
      expect((await bench().glance('GET', `/v2/images/${id}/file`)).status).toBe(204);
      const patched = await bench().patch(id, [{ op: 'replace', path: '/disk_format', value: 'qcow2' }]);
      expect(patched.message).toBe('Attribute disk_format can be only replaced for a queued image.');
      socket.destroy();
    });

    test('answers 410 when the image is deleted meanwhile', async () => {
      const id = await bench().queued();
      const { socket, answer } = await begin(id, 'Content-Length: 8\r\n\r\nhell');
      expect((await bench().glance('DELETE', `/v2/images/${id}`)).status).toBe(204);
      socket.write('o wo');
      await expect.poll(answer).toMatch(/^HTTP\/1.1 410 Gone/);
      await expect.poll(answer).toContain(`Image ${id} could not be found after upload.`);
      socket.destroy();
    });

    test('gets 100 Continue when it is taken, and none when it is refused', async () => {
      const id = await bench().queued();
      const expecting = 'Content-Length: 5\r\nExpect: 100-continue\r\n\r\n';
      const { hostname, port } = new URL(bench().cloud.glanceUrl);
      const talk = async (): Promise<string> => {
        const socket = connect(Number(port), hostname);
        let answer = '';
        socket.on('data', (data) => {
          answer += data.toString();
          if (answer.endsWith('100 Continue\r\n\r\n')) socket.write('hello');
        });
        socket.write(head(id) + expecting);
        await expect.poll(() => answer).toMatch(/HTTP\/1.1 [24]0[49] /);
        await sleep(10);
        socket.destroy();
        return answer;
      };
      expect(await talk()).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 204 No Content/);
      expect(await talk()).toMatch(/^HTTP\/1.1 409 Conflict/);
    });
  });
}
