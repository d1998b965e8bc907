import { FerryError, hasCode } from '../../errors.ts';
import type { ImageId } from '../../schemas/ids.ts';
import type { GlanceImage, GlanceImages } from '../../schemas/openstack.ts';
import { isGlanceImage, isGlanceImages, isGlanceMembers } from '../../schemas/validators.js';
import { usualRetries } from '../calls/whole-answer.ts';
import type { Credentials } from '../credentials.ts';
import type { OpenStackHttp } from '../http.ts';
import { createImageCalls, type ImageCall, imagePath, type PatchOperation } from './image-calls.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Filters of GET /v2/images, by Glance's names: `visibility`, `owner`, `tag` (several), `status`, a property's name, … */
export type ImageQuery = Readonly<Record<string, string | readonly string[]>>;

/** Image records of one region, for who looks after many. Every method throws FerryError by Glance's status. */
export interface Images {
  /**
   * Pages of a list, in Glance's order, hidden ones only when `os_hidden=true` is asked for. An image that was created
   * meanwhile may be missing, none comes twice.
   */
  list(query: ImageQuery, options: Options): AsyncIterable<readonly GlanceImage[]>;
  image(id: ImageId, options: Options): Promise<GlanceImage>;
  /** Sent once: after a connection that broke, the record may be there. @throws FerryError `conflict` when the id was ever used */
  create(record: Readonly<Record<string, unknown>>, options: Options): Promise<GlanceImage>;
  patch(id: ImageId, operations: readonly PatchOperation[], options: Options): Promise<GlanceImage>;
  /** @throws FerryError `conflict` for one in use, `forbidden` for a protected one */
  remove(id: ImageId, options: Options): Promise<void>;
  /** Done for one that is deactivated already. @throws FerryError `forbidden` for one that is not active */
  deactivate(id: ImageId, options: Options): Promise<void>;
  reactivate(id: ImageId, options: Options): Promise<void>;
  /** Project ids. @throws FerryError `forbidden` for an image that is not `shared`: it has none */
  members(id: ImageId, options: Options): Promise<readonly string[]>;
  /** Done for one who is a member already. */
  addMember(id: ImageId, project: string, options: Options): Promise<void>;
  /** Done for one who is none any more. */
  removeMember(id: ImageId, project: string, options: Options): Promise<void>;
}

/**
 * A name, status or id as a filter. Glance takes what stands before a colon for an operator (glance/common/utils.py,
 * split_filter_op), and refuses `Ubuntu: 24.04`.
 */
export const exactly = (text: string): string => `eq:${text}`;

/** Less than Glance's api_limit_max of 1000: a record may be large. */
const pageSize = '500';
/** How many images before the last one of a page are taken for its mark, when the last ones were deleted meanwhile. */
const otherMarkers = 10;

const pathOf = (query: ImageQuery, marker?: ImageId): string => {
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries({ limit: pageSize, ...query, ...(marker && { marker }) }))
    for (const value of [values].flat()) parameters.append(name, value);
  return `/images?${parameters}`;
};

/** What was wanted is so already. */
const unless =
  (code: 'conflict' | 'not-found') =>
  (error: unknown): void => {
    if (!hasCode(error, code)) throw error;
  };

/** @param endpoint base URL without `/v2`, see normaliseEndpoint */
export const createImages = (
  endpoint: string,
  credentials: Credentials,
  http: Pick<OpenStackHttp, 'small'>,
): Images => {
  const calls = createImageCalls(endpoint, credentials, http);
  const send = async (call: ImageCall): Promise<void> => void (await calls.whole(call));

  const page = (path: string, options: Options): Promise<GlanceImages> =>
    calls.json({ ...options, method: 'GET', path, operation: `list images of ${endpoint}` }, isGlanceImages);

  /** The mark is an image (Glance's API, "Pagination"), and Glance answers 400 when that is gone: then one before it will do. */
  const pageAfter = async (
    query: ImageQuery,
    seen: readonly GlanceImage[],
    options: Options,
  ): Promise<GlanceImages> => {
    const markers = seen.slice(-otherMarkers).map(({ id }) => id as ImageId);
    let refusal: unknown;
    for (const marker of markers.reverse()) {
      try {
        return await page(pathOf(query, marker), options);
      } catch (error) {
        if (!hasCode(error, 'bad-request')) throw error;
        refusal = error;
      }
    }
    throw refusal;
  };

  async function* list(query: ImageQuery, options: Options): AsyncIterable<readonly GlanceImage[]> {
    const seen = new Set<string>();
    let current = await page(pathOf(query), options);
    for (;;) {
      const fresh = current.images.filter(({ id }) => !seen.has(id));
      for (const { id } of fresh) seen.add(id);
      if (fresh.length > 0) yield fresh;
      if (current.next === undefined || current.images.length === 0) return;
      if (fresh.length === 0) throw noProgress(endpoint);
      current = await pageAfter(query, current.images, options);
    }
  }

  /** May be said twice. */
  const act = (id: ImageId, action: 'deactivate' | 'reactivate', options: Options): Promise<void> =>
    send({
      ...{ ...options, method: 'POST', path: imagePath(id, `/actions/${action}`), retries: usualRetries },
      operation: `${action} image ${id} at ${endpoint}`,
    });

  const memberPath = (id: ImageId, project: string): string =>
    imagePath(id, `/members/${encodeURIComponent(project)}`);

  return {
    list,
    image: calls.image,
    patch: calls.patch,
    create: (record, options) => {
      const operation = `create an image at ${endpoint}`;
      return calls.json(
        { ...options, method: 'POST', path: '/images', json: record, operation },
        isGlanceImage,
      );
    },
    remove: (id, options) =>
      send({
        ...{ ...options, method: 'DELETE', path: imagePath(id) },
        operation: `delete image ${id} at ${endpoint}`,
      }),
    deactivate: (id, options) => act(id, 'deactivate', options),
    reactivate: (id, options) => act(id, 'reactivate', options),
    members: async (id, options) => {
      const operation = `get members of image ${id} from ${endpoint}`;
      const call = { ...options, method: 'GET', path: imagePath(id, '/members'), operation } as const;
      return (await calls.json(call, isGlanceMembers)).members.map(({ member_id }) => member_id);
    },
    addMember: (id, project, options) =>
      send({
        ...{ ...options, method: 'POST', path: imagePath(id, '/members'), retries: usualRetries },
        json: { member: project },
        operation: `add member ${project} to image ${id} at ${endpoint}`,
      }).catch(unless('conflict')),
    removeMember: (id, project, options) =>
      send({
        ...{ ...options, method: 'DELETE', path: memberPath(id, project) },
        operation: `remove member ${project} of image ${id} at ${endpoint}`,
      }).catch(unless('not-found')),
  };
};

const noProgress = (endpoint: string): FerryError =>
  new FerryError('unavailable', `Failed to list images of ${endpoint}: a page is the same again`);
