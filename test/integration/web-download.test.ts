import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TaskShown } from './ferry.ts';
import { expectNothingLeft } from './nothing-left.ts';

import { useFerry } from './use-ferry.ts';
import { useWebServer } from './use-web-server.ts';
import { bytesPage, redirectPage } from './web-server.ts';

const bytes = randomBytes(100_000);
const twoParts = randomBytes(6 * 1024 ** 2);
const sha512 = (data: Buffer): string => createHash('sha512').update(data).digest('hex');
const port = (url: string): string => new URL(url).port;

const web = useWebServer();
const elsewhere = useWebServer();
/** Listens too, but its port is not among the allowed ones. */
const forbidden = useWebServer();
/** Nobody listens there: it is nobody's to be given. */
const closedPort = 1;
const ferry = useFerry(() => {
  const ports = `${port(web.url)},${port(elsewhere.url)},${closedPort}`;
  return { env: { PART_SIZE_MIB: '5', OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: ports } };
});
let token: string;
beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});
beforeEach(() => {
  for (const server of [web, elsewhere, forbidden]) {
    server.pages.clear();
    server.requests.length = 0;
  }
});

const importFrom = async (uri: string): Promise<{ imageId: string; task: TaskShown }> => {
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const { id: imageId } = await ferry.openstack.regions.REGION2.createImage({ name: 'target', ...formats });
  const body = { method: { name: 'web-download', uri } };
  const answer = await ferry.http('import-image', { method: 'POST', imageId, token, body });
  expect(answer).toMatchObject({ status: 201 });
  return { imageId, task: await ferry.finished(imageId, token) };
};

const succeeds = async (uri: string, data = bytes): Promise<void> => {
  const { imageId, task } = await importFrom(uri);
  expect(task).toMatchObject({ status: 'success' });
  const image = { status: 'active', size: data.length, os_hash_value: sha512(data), disk_format: 'raw' };
  expect(ferry.openstack.regions.REGION2.image(imageId)).toMatchObject(image);
};

const fails = async (uri: string, message: string): Promise<void> => {
  const { imageId, task } = await importFrom(uri);
  expect(task).toMatchObject({ status: 'failure', message, result: null });
  expect(ferry.openstack.regions.REGION2.image(imageId)).toMatchObject({ status: 'queued', size: null });
  await expectNothingLeft(ferry);
};

const headersThatCameIn = () =>
  [...web.requests, ...elsewhere.requests].flatMap(({ headers }) => Object.keys(headers));

describe('a web-download', () => {
  test('goes to the target with the formats that its owner gave', async () => {
    web.pages.set('/image', bytesPage(bytes));
    await succeeds(`${web.url}/image`);
  });

  test('needs no Content-Length', async () => {
    web.pages.set('/image', bytesPage(twoParts, { chunked: true }));
    await succeeds(`${web.url}/image`, twoParts);
  });

  test.each([false, true])('of nothing makes an empty image (chunked: %s)', async (chunked) => {
    web.pages.set('/image', bytesPage(Buffer.alloc(0), { chunked }));
    await succeeds(`${web.url}/image`, Buffer.alloc(0));
    await expectNothingLeft(ferry);
  });

  test("sends its URI's query, and shows it to nobody", async () => {
    web.pages.set('/image', bytesPage(bytes));
    await succeeds(`${web.url}/image?signature=hidden`);
    expect(web.requests.map(({ url }) => url)).toEqual(['/image?signature=hidden']);
    expect(JSON.stringify(await ferry.traces.items())).not.toContain('hidden');
  });

  test.each([301, 302, 303, 307, 308])('follows a %d, and nobody gets the token', async (status) => {
    web.pages.set('/old', redirectPage('/older', status));
    web.pages.set('/older', redirectPage(`${elsewhere.url}/new?signature=other`, status));
    elsewhere.pages.set('/new', bytesPage(bytes));
    await succeeds(`${web.url}/old`);
    expect(elsewhere.requests.map(({ url }) => url)).toEqual(['/new?signature=other']);
    expect(headersThatCameIn()).not.toContain('x-auth-token');
  });
});

describe('a web-download fails with the reason', () => {
  test('when the file is another one after a break', async () => {
    let version = 0;
    web.pages.set('/image', (response) => {
      version += 1;
      response.writeHead(200, { 'content-length': twoParts.length, etag: `"${version}"` });
      response.write(twoParts.subarray(0, 1_000_000), () => response.destroy());
    });
    await fails(
      `${web.url}/image`,
      `Failed to download ${web.url}/image: the source has changed while it was copied`,
    );
  });

  const failure = (reason: string) => `Failed to download ${web.url}/image: ${reason}`;
  const secret = '?signature=hidden';

  test.each<[what: string, location: () => string, shown: () => string]>([
    ['port', () => `${forbidden.url}/new${secret}`, () => `${forbidden.url}/new`],
    [
      'host',
      () => `http://localhost:${port(elsewhere.url)}/new`,
      () => `http://localhost:${port(elsewhere.url)}/new`,
    ],
    ['address', () => 'http://169.254.169.254/latest', () => 'http://169.254.169.254/latest'],
    ['scheme', () => 'ftp://127.0.0.1/new', () => 'ftp://127.0.0.1/new'],
    ['user', () => elsewhere.url.replace('//', '//user:hidden@'), () => `${elsewhere.url}/`],
  ])('when it is redirected to a %s that does not pass the filter', async (_, location, shown) => {
    web.pages.set('/image', redirectPage(location()));
    await fails(`${web.url}/image`, failure(`Redirect to disallowed URL: ${shown()}`));
    expect([...elsewhere.requests, ...forbidden.requests]).toEqual([]);
  });

  test('when a later redirect does not pass the filter', async () => {
    web.pages.set('/image', redirectPage(`${elsewhere.url}/next`));
    elsewhere.pages.set('/next', redirectPage(`${forbidden.url}/new${secret}`));
    await fails(`${web.url}/image${secret}`, failure(`Redirect to disallowed URL: ${forbidden.url}/new`));
    expect(forbidden.requests).toEqual([]);
  });

  test('when redirects go round in a circle', async () => {
    web.pages.set('/image', redirectPage(`/image${secret}`));
    await fails(`${web.url}/image`, failure('6 redirects lead nowhere'));
  });

  test.each([
    [401, 'HTTP 401'],
    [403, 'HTTP 403'],
    [404, 'HTTP 404'],
  ])('when the answer is %d, without what the answer says', async (status, reason) => {
    const answer = JSON.stringify({ message: 'the key hidden is not valid' });
    web.pages.set('/image', (response) => response.writeHead(status).end(answer));
    await fails(`${web.url}/image${secret}`, failure(reason));
  });

  test('when the refusal has no end', async () => {
    web.pages.set('/image', (response) => {
      response.writeHead(404);
      const more = (): void => {
        if (!response.destroyed) response.write(bytes, more);
      };
      more();
    });
    await fails(`${web.url}/image`, failure('HTTP 404'));
  });

  test('when the answer has no data', async () => {
    web.pages.set('/image', (response) => response.writeHead(204).end());
    await fails(`${web.url}/image`, failure('the source answered 204, it has no data'));
  });

  test('when nobody listens, after some tries', async () => {
    const uri = `http://127.0.0.1:${closedPort}/image${secret}`;
    const shown = `http://127.0.0.1:${closedPort}/image`;
    await fails(uri, `Failed to download ${shown}: it could not be reached`);
  });

  test('when it ends too early every time', async () => {
    web.pages.set('/image', (response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1000), () => response.destroy());
    });
    const { task } = await importFrom(`${web.url}/image${secret}`);
    expect(task).toMatchObject({
      status: 'failure',
      message: expect.stringContaining(`copy ${web.url}/image: `),
    });
    // A first request and two further ones (SOURCE_RETRIES), all of which end at the same byte.
    expect(web.requests).toHaveLength(3);
  });
});

describe("a source region's Glance that redirects", () => {
  const redirected = async (location: string): Promise<TaskShown> => {
    const { REGION1, REGION2 } = ferry.openstack.regions;
    const image = { disk_format: 'raw', container_format: 'bare' };
    const source = await REGION1.createImage(image, bytes);
    const target = await REGION2.createImage({ name: 'target' });
    REGION1.fault(source.id, { kind: 'status', status: 302, headers: { location }, on: 'get-file' });
    await ferry.importFrom(source.id, target.id, token);
    return ferry.finished(target.id, token);
  };

  test('does not take the token with it', async () => {
    elsewhere.pages.set('/data', bytesPage(bytes));
    expect(await redirected(`${elsewhere.url}/data`)).toMatchObject({ status: 'success' });
    expect(elsewhere.requests).toHaveLength(1);
    expect(headersThatCameIn()).not.toContain('x-auth-token');
  });

  test('to what does not pass the filter ends the import', async () => {
    const task = await redirected(`${forbidden.url}/data?signature=hidden`);
    const message = expect.stringMatching(/: Redirect to disallowed URL: http:\/\/127\.0\.0\.1:\d+\/data$/);
    expect(task).toMatchObject({ status: 'failure', message });
    expect(forbidden.requests).toEqual([]);
  });
});
