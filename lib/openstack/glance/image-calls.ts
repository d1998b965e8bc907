import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import { isGlanceImage, type Validator } from '../../schemas/validators.js';
import { authorized, type Credentials } from '../credentials.ts';
import { type Call, callJson, callWhole, type OpenStackHttp, type WholeAnswer } from '../http.ts';

/** One operation of RFC 6902 as far as Glance takes it (application/openstack-images-v2.1-json-patch). */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

interface Options {
  readonly signal: AbortSignal;
}

/** A small call to an image service. */
export interface ImageCall extends Pick<Call, 'method' | 'operation' | 'retries'>, Options {
  /** Below `/v2`. */
  readonly path: string;
  readonly json?: unknown;
  /** `application/json` when absent. */
  readonly contentType?: string;
}

/** Small calls to one region's image service with one caller's credentials. Each throws FerryError by Glance's status. */
export interface ImageCalls {
  whole(call: ImageCall): Promise<WholeAnswer>;
  /** @throws FerryError `unavailable`, too, for an answer of another form */
  json<T>(call: ImageCall, isValid: Validator<T>): Promise<T>;
  image(id: ImageId, options: Options): Promise<GlanceImage>;
  patch(id: ImageId, operations: readonly PatchOperation[], options: Options): Promise<GlanceImage>;
}

/** @param endpoint base URL without `/v2`, see normaliseEndpoint */
export const createImageCalls = (
  endpoint: string,
  credentials: Credentials,
  { small }: Pick<OpenStackHttp, 'small'>,
): ImageCalls => {
  const ask = <T>(call: ImageCall, send: (call: Call) => Promise<T>): Promise<T> => {
    const { path, json, contentType = 'application/json', ...rest } = call;
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    const ofBody = json === undefined ? {} : { 'content-type': contentType };
    return authorized(credentials, call, (headers) =>
      send({ ...rest, ...body, url: `${endpoint}/v2${path}`, headers: { ...headers, ...ofBody } }),
    );
  };
  const json: ImageCalls['json'] = (call, isValid) => ask(call, (whole) => callJson(small, whole, isValid));

  return {
    json,
    whole: (call) => ask(call, (whole) => callWhole(small, whole)),
    image: (id, options) =>
      json(
        { ...options, method: 'GET', path: imagePath(id), operation: `get image ${id} from ${endpoint}` },
        isGlanceImage,
      ),
    patch: (id, operations, options) =>
      json(
        {
          ...{ ...options, method: 'PATCH', path: imagePath(id), json: operations },
          contentType: 'application/openstack-images-v2.1-json-patch',
          operation: `change image ${id} at ${endpoint}`,
        },
        isGlanceImage,
      ),
  };
};

/** @param tail further parts of the path, `/members` */
export const imagePath = (id: ImageId, tail = ''): string => `/images/${encodeURIComponent(id)}${tail}`;
