import { isShownTo, mustOwn, owns, shownTo } from './access.ts';
import { recordFrom } from './create.ts';
import { conflict, forbidden, notFound } from './errors.ts';
import { checkImport, checkStores, importMethod, takeImport } from './import.ts';
import { draftOf, readChanges } from './json-patch.ts';
import { pageOf } from './list.ts';
import { applyChanges } from './patch.ts';
import { type ImageRecord, viewOf } from './record.ts';
import { type Repository, save } from './repository.ts';
import { contentType, type GlanceRequest, type Handler, header, jsonBody, noContent } from './request.ts';

export interface ImageHandlerOptions {
  readonly images: Repository;
  readonly storeId: string;
  /** Ids of all stores, the default one first; undefined at a Glance of one store. */
  readonly stores: readonly string[] | undefined;
  readonly importMethods: readonly string[];
}

/** The calls on image records: everything but their data and their members. */
export function imageHandlers({ images, storeId, stores, importMethods }: ImageHandlerOptions) {
  const view = (image: ImageRecord): object => viewOf(image, storeId);
  const get = (request: GlanceRequest): ImageRecord => images.get(request.caller, request.param('image'));

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
      'Openstack-Image-Store-Ids': storeId,
    };
    return { status: 201, headers, json: view(image) };
  };

  const show: Handler = (request) => ({ status: 200, json: view(get(request)) });

  const patch: Handler = async (request) => {
    const draft = draftOf(contentType(request.incoming));
    const changes = readChanges(await jsonBody(request), draft);
    const id = request.param('image');
    const image = shownTo(request.caller, images.find(id), id);
    applyChanges(image, changes, request.caller);
    return { status: 200, json: view(image) };
  };

  const remove: Handler = async (request) => {
    const id = request.param('image');
    const image = visibleOr(`Failed to find image ${id} to delete`, () => get(request));
    mustOwn(request.caller, image);
    if (image.protected) throw forbidden(`Image ${id} is protected and cannot be deleted.`);
    if (image.isInUse) throw conflict(inUse(id));
    await images.remove(image);
    return noContent;
  };

  const tasks: Handler = (request) => ({
    status: 200,
    json: { tasks: visibleOr(undefined, () => get(request)).tasks.filter(isShownTo(request.caller)) },
  });

  const importImage: Handler = async (request) => {
    const body = await jsonBody(request);
    const method = importMethod(body, importMethods);
    const image = get(request);
    checkImport(image, method, request.caller);
    if (stores) checkStores(body, header(request.incoming, 'x-image-meta-store'), stores);
    takeImport(image, request, body);
    return { status: 202, headers: { 'Content-Type': 'text/html; charset=UTF-8', 'Content-Length': 0 } };
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
    (change: (image: ImageRecord, tag: string) => string[], verb: string): Handler =>
    (request) => {
      const id = request.param('image');
      const image = visibleOr(`Image ${id} not found.`, () => get(request));
      if (!owns(request.caller, image)) throw forbidden(`Not allowed to ${verb} tags for image ${id}.`);
      save(image, { tags: change(image, request.param('tag')) });
      return noContent;
    };

  return {
    ...{ list, create, show, patch, remove, tasks, importImage },
    deactivate: become('active', 'deactivated', 'deactivate'),
    reactivate: become('deactivated', 'active', 'reactivate'),
    addTag: changeTags(withTag, 'update'),
    removeTag: changeTags(withoutTag, 'delete'),
  };
}

/** glance_store's InUseByStore, in the sentence of glance/api/v2/images.py. */
const inUse = (id: string): string =>
  `Image ${id} could not be deleted because it is in use: The image cannot be deleted because it is in use through the backend store outside of Glance.`;

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

const withTag = ({ tags }: ImageRecord, tag: string): string[] => [...new Set([...tags, tag])].sort();

function withoutTag({ tags }: ImageRecord, tag: string): string[] {
  if (!tags.includes(tag)) throw notFound();
  return tags.filter((one) => one !== tag);
}
