import { createServer, request } from 'node:http';
import { listen } from '../cloud/aws/listen.ts';
import { ask } from '../contract/client.ts';
import { account, setting, tokenOf } from '../openstack/account.ts';

// Counts what is read of a real Glance: a proxy of which the catalog says that it is the region's image service.

interface Endpoint {
  readonly id: string;
  readonly interface: string;
  readonly region_id: string;
  readonly url: string;
}

/** One that the targets' import filter lets pass (allowed_ports of their glance-image-import.conf): upstream's import asks it. */
const port = Number(process.env['METER_PORT'] ?? 8000);

/** A reverse proxy that counts bytes of image data. */
const startMeter = async (endpoint: string) => {
  let read = 0;
  const server = createServer((incoming, response) => {
    const { method, url = '', headers } = incoming;
    const onward = request(`${endpoint}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (url.endsWith('/file')) answer.on('data', (piece: Buffer) => (read += piece.length));
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  const url = await listen(server, port, 'the meter');
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, read: () => read, stop };
};

/**
 * Puts a meter in front of a region's Glance for as long as `run` takes; tokens of that time have it in their catalog. As
 * admin (ADMIN_USERNAME, …): it changes Keystone's catalog, and puts it back.
 * @returns bytes of image data that the region has given out meanwhile
 */
export const bytesReadOf = async (
  { name, endpoint }: { readonly name: string; readonly endpoint: string },
  run: () => Promise<unknown>,
): Promise<number> => {
  const token = await tokenOf(account('ADMIN_'));
  const endpointsUrl = `${setting('OS_AUTH_URL')}/endpoints`;
  const listed = (await ask('GET', `${endpointsUrl}?interface=public`, { token })).field('endpoints');
  const own = (listed as readonly Endpoint[]).find(
    ({ url, region_id }) => region_id === name && url.startsWith(endpoint),
  );
  if (!own) throw new Error(`Keystone has no endpoint ${endpoint} in ${name}`);
  const setUrl = (url: string) =>
    ask('PATCH', `${endpointsUrl}/${own.id}`, { token, json: { endpoint: { url } } });
  const meter = await startMeter(endpoint);
  try {
    await setUrl(own.url.replace(endpoint, meter.url));
    await run();
    return meter.read();
  } finally {
    await setUrl(own.url);
    await meter.stop();
  }
};
