import { GlanceDownload } from '../../../lib/download/glance-download.ts';
import { createUriFilter } from '../../../lib/download/uri-filter.ts';
import { callersToken } from '../../../lib/openstack/credentials.ts';
import { createGlance } from '../../../lib/openstack/glance/glance.ts';
import { createOpenStackHttp } from '../../../lib/openstack/http.ts';
import type { ImageId, Token } from '../../../lib/schemas/ids.ts';
import type { ImageServer } from './image-server.ts';

const http = createOpenStackHttp({ stallMs: 60_000 });
const lists = { allowed: [], disallowed: [] };
const filter = createUriFilter({ schemes: lists, hosts: lists, ports: lists });

export const sourceImageId = '11111111-1111-1111-1111-111111111111' as ImageId;

/** The server's image, read with this token. */
export const downloadAs = (server: ImageServer, token: string): GlanceDownload => {
  const credentials = callersToken(token as Token);
  const glance = createGlance(server.url, credentials, http);
  const connections = { direct: http.data, filtered: http.data, filter };
  return new GlanceDownload({ region: 'REGION1', imageId: sourceImageId, glance, credentials }, connections);
};
