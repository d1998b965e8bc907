import { put } from '../http/put.ts';
import type { ImageId } from '../schemas/ids.ts';
import type { GlanceImage, GlanceStores, GlanceTasks } from '../schemas/openstack.ts';
import {
  isGlanceImage,
  isGlanceImportInfo,
  isGlanceStores,
  isGlanceTasks,
  type Validator,
} from '../schemas/validators.js';
import { authorized, type Credentials } from './credentials.ts';
import { callJson, callWhole, guarded, type OpenStackHttp, requireSuccess } from './http.ts';

/** One operation of RFC 6902 as far as Glance takes it (application/openstack-images-v2.1-json-patch). */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

interface Options {
  readonly signal: AbortSignal;
}

/** One region's image service, as one caller sees it. Every method throws FerryError by Glance's status. */
export interface Glance {
  readonly endpoint: string;
  image(id: ImageId, options: Options): Promise<GlanceImage>;
  patch(id: ImageId, operations: readonly PatchOperation[], options: Options): Promise<GlanceImage>;
  /** `not-found` for a tag that the image does not have, once Glance has found that the caller may modify it. */
  removeTag(id: ImageId, tag: string, options: Options): Promise<void>;
  tasks(id: ImageId, options: Options): Promise<GlanceTasks['tasks']>;
  importMethods(options: Options): Promise<readonly string[]>;
  /** `not-found` at a Glance of one store, which has no list of them. */
  stores(options: Options): Promise<GlanceStores['stores']>;
  /**
   * PUT /file. `body` opens the data, a second time when Glance wants another service token; each of its buffers may be
   * used again when the next one is asked for. An error it throws ends the connection, and the image is `queued` again.
   */
  upload(
    id: ImageId,
    data: { readonly size: number; readonly body: () => AsyncIterable<Buffer> },
    options: Options,
  ): Promise<void>;
}

/** @param endpoint base URL without `/v2`, see normaliseEndpoint */
export const createGlance = (endpoint: string, credentials: Credentials, http: OpenStackHttp): Glance => {
  const urlOf = (id: ImageId, tail = '') => `${endpoint}/v2/images/${encodeURIComponent(id)}${tail}`;

  const get = <T>(url: string, what: string, isValid: Validator<T>, options: Options) =>
    authorized(credentials, options, (headers) =>
      callJson(
        http.small,
        { method: 'GET', url, headers, ...options, operation: `get ${what} from ${endpoint}` },
        isValid,
      ),
    );

  const patch: Glance['patch'] = (id, operations, options) =>
    authorized(credentials, options, (headers) =>
      callJson(
        http.small,
        {
          method: 'PATCH',
          url: urlOf(id),
          headers: { ...headers, 'content-type': 'application/openstack-images-v2.1-json-patch' },
          body: JSON.stringify(operations),
          ...options,
          operation: `change image ${id} at ${endpoint}`,
        },
        isGlanceImage,
      ),
    ) as Promise<GlanceImage>;

  const removeTag: Glance['removeTag'] = async (id, tag, { signal }) => {
    const url = urlOf(id, `/tags/${encodeURIComponent(tag)}`);
    const call = { operation: `remove a tag of image ${id} at ${endpoint}`, signal };
    await authorized(credentials, call, (headers) =>
      callWhole(http.small, { ...call, method: 'DELETE', url, headers }),
    );
  };

  const upload: Glance['upload'] = (id, { size, body }, { signal }) => {
    const call = { operation: `upload image ${id} to ${endpoint}`, signal };
    const ofData = { 'content-type': 'application/octet-stream', 'content-length': `${size}` };
    const target = { url: urlOf(id, '/file'), connections: http.data, signal };
    return authorized(credentials, call, (headers) =>
      guarded(call, async () => {
        const answer = await put({ ...target, headers: { ...headers, ...ofData } }, body());
        await requireSuccess(answer, call);
        await answer.body.dump();
        // Glance's own answer; a page of somebody in between is none (images-data.inc, "Upload binary image data").
        if (answer.statusCode !== 204) throw new Error(`it answered ${answer.statusCode} instead of 204`);
      }),
    );
  };

  return {
    endpoint,
    image: (id, options) => get(urlOf(id), `image ${id}`, isGlanceImage, options) as Promise<GlanceImage>,
    patch,
    removeTag,
    tasks: async (id, options) =>
      (await get(urlOf(id, '/tasks'), `tasks of image ${id}`, isGlanceTasks, options)).tasks,
    importMethods: async (options) => {
      const info = await get(`${endpoint}/v2/info/import`, 'import methods', isGlanceImportInfo, options);
      return info['import-methods'].value;
    },
    stores: async (options) =>
      (await get(`${endpoint}/v2/info/stores`, 'stores', isGlanceStores, options)).stores,
    upload,
  };
};
