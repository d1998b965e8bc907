import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request } from 'undici';

export type Image = Readonly<Record<string, unknown>> & { readonly id: string; readonly status: string };
type Method = 'GET' | 'POST' | 'PUT';

/** A region's Glance as its user sees it. */
export function glanceClient(endpoint: string, token: string) {
  async function call(method: Method, path: string, more: Partial<Parameters<typeof request>[1]> = {}) {
    const headers = { 'x-auth-token': token, ...(more?.headers as Record<string, string>) };
    const answer = await request(`${endpoint}${path}`, { ...more, method, headers });
    if (answer.statusCode < 300) return answer.body;
    throw new Error(
      `${method} ${endpoint}${path} was answered ${answer.statusCode}: ${await answer.body.text()}`,
    );
  }

  return {
    /** Creates a record in status `queued`. */
    async create(image: Readonly<Record<string, unknown>>): Promise<Image> {
      const headers = { 'content-type': 'application/json' };
      return (await (
        await call('POST', '/v2/images', { headers, body: JSON.stringify(image) })
      ).json()) as Image;
    },

    async upload(id: string, file: string): Promise<void> {
      const { size } = await stat(file);
      const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) };
      await (await call('PUT', `/v2/images/${id}/file`, { headers, body: createReadStream(file) })).dump();
    },

    async show(id: string): Promise<Image> {
      return (await (await call('GET', `/v2/images/${id}`)).json()) as Image;
    },

    /** Downloads the image and hashes what came. */
    async sha512(id: string): Promise<string> {
      const hash = createHash('sha512');
      for await (const bytes of await call('GET', `/v2/images/${id}/file`)) hash.update(bytes);
      return hash.digest('hex');
    },
  };
}

export type GlanceClient = ReturnType<typeof glanceClient>;
