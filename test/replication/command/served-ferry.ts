import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Ferry } from '../../integration/ferry.ts';

type HttpFunction = Parameters<Ferry['http']>[0];

/** Our HTTP API behind one URL. */
export interface ServedFerry {
  readonly url: string;
  /** `POST /regions/REGION2/v2/images/…/import`, as they came. */
  readonly requests: string[];
  stop(): Promise<void>;
}

interface Route {
  readonly name: HttpFunction;
  readonly path: string;
  readonly region?: string;
  readonly imageId?: string;
}

const routeOf = (method: string, path: string): Route => {
  const [, region, rest = path] = /^\/regions\/([^/]+)(\/.*)$/.exec(path) ?? [];
  const at = region === undefined ? {} : { region: decodeURIComponent(region) };
  const [, imageId, what] = /^\/v2\/images\/([^/]+)\/(import|tasks)$/.exec(rest) ?? [];
  if (imageId === undefined) return { name: 'discovery', path: rest, ...at };
  const asTasks = method === 'DELETE' ? 'cancel-import' : 'list-tasks';
  return {
    ...{ name: what === 'import' ? 'import-image' : asTasks, path: `/v2/images/{image_id}/${what}`, imageId },
    ...at,
  };
};

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`]));

/** Serves a ferry's HTTP functions, as API Gateway would. */
export const serveFerry = async (ferry: Pick<Ferry, 'http'>): Promise<ServedFerry> => {
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '' } = request;
    requests.push(`${method} ${url}`);
    const { name, ...route } = routeOf(method, url);
    const body = await text(request);
    const asked = { method, ...route, headers: headersOf(request), ...(body !== '' && { body }) };
    const { status, headers, body: answer } = await ferry.http(name, asked);
    for (const [header, value] of Object.entries(headers)) response.setHeader(header, `${value}`);
    response.writeHead(status).end(answer);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
