import { mustOwn } from './access.ts';
import { recordFrom } from './create.ts';
import { download, type StoreKind } from './download.ts';
import { forbidden, notFound } from './errors.ts';
import type { Faults, FaultyOperation } from './faults.ts';
import { withFaults } from './faulty.ts';
import { schemas } from './image-schema.ts';
import { checkImport, importMethod } from './import.ts';
import { draftOf, readChanges } from './json-patch.ts';
import { pageOf } from './list.ts';
import { memberHandlers } from './members.ts';
import { applyChanges } from './patch.ts';
import { type ImageRecord, viewOf } from './record.ts';
import { type Repository, save } from './repository.ts';
import { contentType, type GlanceRequest, type Handler, jsonBody, noContent } from './request.ts';
import type { Routes } from './router.ts';
import { checkUpload, type UploadOptions, upload } from './upload.ts';

export interface RouteOptions {
  readonly images: Repository;
  readonly faults: Faults;
  readonly uploads: UploadOptions;
  readonly store: StoreKind;
  readonly importMethods: readonly string[];
}

/** Everything below /v2. */
export function glanceRoutes(options: RouteOptions): Routes {
  const { images, uploads, importMethods } = options;
  const members = memberHandlers(images);
  const view = (image: ImageRecord): object => viewOf(image, uploads.storeId);
  const get = (request: GlanceRequest): ImageRecord => images.get(request.caller, request.param('image'));
  const faulty = (on: FaultyOperation, handler: Handler): Handler => withFaults(options.faults, on, handler);

  const list: Handler = ({ caller, query }) => {
    const page = pageOf(images.all(), caller, query);
    return { status: 200, json: listView(page.images.map(view), page.nextMarker, query) };
  };

  const create: Handler = async (request) => {
    const image = recordFrom(await jsonBody(request), request.caller);
    images.add(image);
    const headers = {
      Location: `http://${request.incoming.headers.host}/v2/images/${image.id}`,
      'Openstack-Image-Import-Methods': importMethods.join(','),
      'Openstack-Image-Store-Ids': uploads.storeId,
    };
    return { status: 201, headers, json: view(image) };
  };

  const patch: Handler = async (request) => {
    const changes = readChanges(await jsonBody(request), draftOf(contentType(request.incoming)));
    const image = get(request);
    applyChanges(image, changes, request.caller);
    return { status: 200, json: view(image) };
  };

  const remove: Handler = async (request) => {
    const id = request.param('image');
    const image = visibleOr(`Failed to find image ${id} to delete`, () => get(request));
    mustOwn(request.caller, image);
    if (image.protected) throw forbidden(`Image ${id} is protected and cannot be deleted.`);
    await images.remove(image);
    return noContent;
  };

  const put: Handler = async (request) => {
    checkUpload(request, uploads);
    return upload(request, get(request), uploads);
  };

  const tasks: Handler = (request) => ({
    status: 200,
    json: { tasks: visibleOr(undefined, () => get(request)).tasks },
  });

  const importImage: Handler = async (request) => {
    const method = importMethod(await jsonBody(request), importMethods);
    checkImport(get(request), method, request.caller);
    // Nothing here fetches anything: the emulation is for those who carry imports out themselves.
    throw forbidden('The emulated Glance validates imports but does not run them.');
  };

  const become =
    (from: ImageRecord['status'], to: ImageRecord['status'], verb: string): Handler =>
    (request) => {
      const image = get(request);
      mustOwn(request.caller, image);
      if (image.status !== from && image.status !== to)
        throw forbidden(`Not allowed to ${verb} image in status '${image.status}'`);
      save(image, { status: to });
      return noContent;
    };

  const changeTags =
    (change: (image: ImageRecord, tag: string) => string[]): Handler =>
    (request) => {
      const image = get(request);
      mustOwn(request.caller, image);
      save(image, { tags: change(image, request.param('tag')) });
      return noContent;
    };

  return {
    '/v2/images': { GET: list, POST: create },
    '/v2/images/:image': {
      GET: faulty('get-image', (request) => ({ status: 200, json: view(get(request)) })),
      PATCH: faulty('patch', patch),
      DELETE: remove,
    },
    '/v2/images/:image/file': {
      GET: faulty('get-file', (request) => download(request, get(request), options.store)),
      PUT: faulty('put-file', put),
    },
    '/v2/images/:image/import': { POST: importImage },
    '/v2/images/:image/tasks': { GET: tasks },
    '/v2/images/:image/actions/deactivate': { POST: become('active', 'deactivated', 'deactivate') },
    '/v2/images/:image/actions/reactivate': { POST: become('deactivated', 'active', 'reactivate') },
    '/v2/images/:image/members': { GET: members.list, POST: members.create },
    '/v2/images/:image/members/:member': { GET: members.show, PUT: members.update, DELETE: members.remove },
    '/v2/images/:image/tags/:tag': { PUT: changeTags(withTag), DELETE: changeTags(withoutTag) },
    '/v2/info/import': { GET: () => ({ status: 200, json: importInfo(importMethods) }) },
    '/v2/info/stores': {
      GET: () => ({ status: 200, json: { stores: [{ id: uploads.storeId, default: 'true' }] } }),
    },
    '/v2/schemas/:name': { GET: (request) => schema(request.param('name')) },
    '/v2/schemas/metadefs/:name': { GET: (request) => schema(`metadefs/${request.param('name')}`) },
    '/v2/tasks': { GET: refuseTasks, POST: refuseTasks },
    '/v2/tasks/:task': { GET: refuseTasks, DELETE: refuseTasks },
  };
}

/** Where Glance answers 404 with a text of its own, or with webob's stock sentence. */
function visibleOr(message: string | undefined, get: () => ImageRecord): ImageRecord {
  try {
    return get();
  } catch {
    throw notFound(message);
  }
}

function listView(images: object[], nextMarker: string | undefined, query: URLSearchParams): object {
  const kept = new URLSearchParams([...query].filter(([name]) => name !== 'marker'));
  const path = (parameters: URLSearchParams): string =>
    parameters.size > 0 ? `/v2/images?${parameters}` : '/v2/images';
  const list = { images, first: path(kept), schema: '/v2/schemas/images' };
  if (nextMarker === undefined) return list;
  return { ...list, next: path(new URLSearchParams([...kept, ['marker', nextMarker]])) };
}

const importInfo = (methods: readonly string[]): object => ({
  'import-methods': { description: 'Import methods available.', type: 'array', value: methods },
});

function schema(name: string): { status: number; json: object } {
  const json = schemas[name];
  if (!json) throw notFound();
  return { status: 200, json };
}

const withTag = ({ tags }: ImageRecord, tag: string): string[] => [...new Set([...tags, tag])].sort();

function withoutTag({ tags }: ImageRecord, tag: string): string[] {
  if (!tags.includes(tag)) throw notFound();
  return tags.filter((one) => one !== tag);
}

/** The tasks API is the administrator's; this emulation has no use for it. */
const refuseTasks: Handler = () => {
  throw forbidden('You are not authorized to complete tasks_api_access action.');
};
