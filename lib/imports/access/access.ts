import type { Download, DownloadConnections } from '../../download/download.ts';
import { GlanceDownload } from '../../download/glance-download.ts';
import type { UriFilter } from '../../download/uri-filter.ts';
import { WebDownload } from '../../download/web-download.ts';
import { FerryError } from '../../errors.ts';
import type { Connections } from '../../http/exchange.ts';
import { endpointNotFound } from '../../openstack/catalog.ts';
import type { Credentials } from '../../openstack/credentials.ts';
import { createGlance, type Glance } from '../../openstack/glance/glance.ts';
import type { OpenStackHttp } from '../../openstack/http.ts';
import type { Task, TaskSource } from '../../state/task.ts';
import { createRights, type RightsOptions, type RightsServices } from './rights.ts';
import type { Sealer } from './sealed-secrets.ts';

type GlanceTaskSource = Extract<TaskSource, { kind: 'glance-download' }>;

/** What a task may reach, with its own rights and no others. */
export interface Access {
  readonly target: Glance;
  /** The remote Glance; undefined for a web-download. */
  readonly source: Glance | undefined;
  readonly download: Download;
}

export interface AccessServices extends RightsServices {
  readonly http: OpenStackHttp;
  readonly sealer: Sealer;
  readonly uriFilter: UriFilter;
  /** Connections whose names are resolved through the filter. */
  readonly filtered: Connections;
}

/**
 * Unseals a task.
 * @throws FerryError `unauthorized` for one that is not as it was sealed, or has no rights at its target any more;
 *   `misconfigured` for a service user that is refused; `bad-request` when the catalog has no endpoint for the source
 */
export const createAccess = (services: AccessServices) => {
  const { http, sealer, uriFilter, filtered } = services;
  const rightsOf = createRights(services);
  const connections: DownloadConnections = { direct: http.data, filtered, filter: uriFilter };

  const remote = (source: GlanceTaskSource, credentials: Credentials) => {
    if (!source.endpoint) throw new FerryError('bad-request', endpointNotFound(source));
    const glance = createGlance(source.endpoint, credentials, http);
    const { region, imageId } = source;
    const download = new GlanceDownload({ region, imageId, glance, credentials }, connections);
    return { source: glance, download };
  };

  return async (task: Task, options: RightsOptions): Promise<Access> => {
    if (!task.sealed) throw new FerryError('unauthorized', `Task ${task.taskId} has no token any more`);
    const secrets = await sealer.open(task, task.sealed);
    const rights = await rightsOf(task, secrets, options);
    const target = createGlance(task.targetEndpoint, rights.target, http);
    if (task.source.kind === 'web-download') {
      const { uri = '' } = secrets;
      return { target, source: undefined, download: new WebDownload(uri, connections) };
    }
    return { target, ...remote(task.source, rights.source) };
  };
};

export type OpenAccess = ReturnType<typeof createAccess>;
