import { put } from '../../http/put.ts';
import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage, GlanceStores, GlanceTasks } from '../../schemas/openstack.ts';
import {
  isGlanceImportInfo,
  isGlanceStores,
  isGlanceTasks,
  type Validator,
} from '../../schemas/validators.js';
import { authorized, type Credentials } from '../credentials.ts';
import { guarded, type OpenStackHttp, requireSuccess } from '../http.ts';
import { createImageCalls, imagePath, type PatchOperation } from './image-calls.ts';

export type { PatchOperation } from './image-calls.ts';

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
  const calls = createImageCalls(endpoint, credentials, http);

  const get = <T>(path: string, what: string, isValid: Validator<T>, options: Options) =>
    calls.json({ ...options, method: 'GET', path, operation: `get ${what} from ${endpoint}` }, isValid);

  const removeTag: Glance['removeTag'] = async (id, tag, options) => {
    const path = imagePath(id, `/tags/${encodeURIComponent(tag)}`);
    const operation = `remove a tag of image ${id} at ${endpoint}`;
    await calls.whole({ ...options, method: 'DELETE', path, operation });
  };

  const upload: Glance['upload'] = (id, { size, body }, { signal }) => {
    const call = { operation: `upload image ${id} to ${endpoint}`, signal };
    const ofData = { 'content-type': 'application/octet-stream', 'content-length': `${size}` };
    const target = { url: `${endpoint}/v2${imagePath(id, '/file')}`, connections: http.data, signal };
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
    image: calls.image,
    patch: calls.patch,
    removeTag,
    tasks: async (id, options) =>
      (await get(imagePath(id, '/tasks'), `tasks of image ${id}`, isGlanceTasks, options)).tasks,
    importMethods: async (options) => {
      const info = await get('/info/import', 'import methods', isGlanceImportInfo, options);
      return info['import-methods'].value;
    },
    stores: async (options) => (await get('/info/stores', 'stores', isGlanceStores, options)).stores,
    upload,
  };
};
