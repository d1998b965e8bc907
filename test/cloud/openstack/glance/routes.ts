import type { DataReads } from './data-reads.ts';
import { download, type StoreKind } from './download.ts';
import { forbidden, notFound } from './errors.ts';
import type { Faults, FaultyOperation } from './faults.ts';
import { withFaults } from './faulty.ts';
import { imageHandlers } from './image-handlers.ts';
import { schemas } from './image-schema.ts';
import { memberHandlers } from './members.ts';
import type { ImageRecord } from './record.ts';
import type { Repository } from './repository.ts';
import type { Answer, GlanceRequest, Handler } from './request.ts';
import type { Routes } from './router.ts';
import { checkUpload, type UploadOptions, upload } from './upload.ts';
import { type Quotas, usageInfo } from './usage.ts';

export interface RouteOptions {
  readonly images: Repository;
  readonly faults: Faults;
  readonly uploads: UploadOptions;
  readonly store: StoreKind;
  readonly reads: DataReads;
  readonly furtherStores: readonly string[] | 'none';
  readonly importMethods: readonly string[];
  /** As they are when asked. */
  readonly quotas: () => Quotas;
}

/** Everything below /v2. */
export function glanceRoutes(options: RouteOptions): Routes {
  const { images, faults, uploads, importMethods, quotas } = options;
  const { storeId } = uploads;
  const stores = storesOf(options);
  const image = imageHandlers({ images, storeId, stores, importMethods });
  const members = memberHandlers(images);
  const faulty = (on: FaultyOperation, handler: Handler): Handler => withFaults(faults, on, handler);
  const found = (request: GlanceRequest): ImageRecord => images.get(request.caller, request.param('image'));

  const getFile: Handler = (request) => download(request, found(request), options);
  const putFile: Handler = (request) => {
    checkUpload(request, uploads);
    return upload(request, found(request), uploads);
  };

  return {
    '/v2/images': { GET: image.list, POST: image.create },
    '/v2/images/:image': {
      GET: faulty('get-image', image.show),
      PATCH: faulty('patch', image.patch),
      DELETE: faulty('delete-image', image.remove),
    },
    '/v2/images/:image/file': { GET: faulty('get-file', getFile), PUT: faulty('put-file', putFile) },
    '/v2/images/:image/import': { POST: image.importImage },
    '/v2/images/:image/tasks': { GET: image.tasks },
    '/v2/images/:image/actions/deactivate': { POST: image.deactivate },
    '/v2/images/:image/actions/reactivate': { POST: image.reactivate },
    '/v2/images/:image/members': { GET: members.list, POST: members.create },
    '/v2/images/:image/members/:member': { GET: members.show, PUT: members.update, DELETE: members.remove },
    '/v2/images/:image/tags/:tag': { PUT: image.addTag, DELETE: faulty('delete-tag', image.removeTag) },
    '/v2/info/import': { GET: () => importInfo(importMethods) },
    '/v2/info/stores': { GET: () => storesInfo(stores) },
    '/v2/info/usage': { GET: (request) => usageInfo(quotas(), images, request) },
    '/v2/schemas/:name': { GET: (request) => schema(request.param('name')) },
    '/v2/schemas/metadefs/:name': { GET: (request) => schema(`metadefs/${request.param('name')}`) },
    '/v2/tasks': { GET: refuseTasks, POST: refuseTasks },
    '/v2/tasks/:task': { GET: refuseTasks, DELETE: refuseTasks },
  };
}

const json = (value: object): Answer => ({ status: 200, json: value });

const importInfo = (value: readonly string[]): Answer =>
  json({ 'import-methods': { description: 'Import methods available.', type: 'array', value } });

const storesOf = ({ uploads, furtherStores }: RouteOptions): readonly string[] | undefined =>
  furtherStores === 'none' ? undefined : [uploads.storeId, ...furtherStores];

/** The first is the default. @throws GlanceError 404 at a Glance of one store */
function storesInfo(stores: readonly string[] | undefined): Answer {
  if (!stores) throw notFound('Multi backend is not supported at this site.');
  return json({ stores: stores.map((id, index) => ({ id, ...(index === 0 && { default: 'true' }) })) });
}

function schema(name: string): Answer {
  const found = schemas[name];
  if (!found) throw notFound();
  return json(found);
}

/** The tasks API is the administrator's; this emulation has no use for it. */
const refuseTasks: Handler = () => {
  throw forbidden('You are not authorized to complete tasks_api_access action.');
};
