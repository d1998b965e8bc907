import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNothingLeft } from './nothing-left.ts';
import { useFerry } from './use-ferry.ts';

const formats = { disk_format: 'raw', container_format: 'bare' };
const odd = 'eu.central/1 日本';
const names = ['REGION1', 'REGION2', 'REGION3', 'Süd West', odd] as const;
const served = names.filter((name) => name !== 'REGION1').sort();
const host = 'ferry.example';

const env = { OS_TARGET_REGIONS: `REGION3, Süd West, ${odd}` };
const ferry = useFerry({ openstack: { regions: names }, env });
let token: string;

beforeAll(() => {
  token = ferry.openstack.issueToken('demo');
});

const importTo = (region: string | undefined, imageId: string, sourceId: string, headers = {}) => {
  const method = { name: 'glance-download', glance_region: 'REGION1', glance_image_id: sourceId };
  const inRegion = region === undefined ? {} : { region };
  return ferry.http('import-image', {
    method: 'POST',
    ...inRegion,
    imageId,
    token,
    headers,
    body: { method },
  });
};
const get = (
  name: 'list-tasks' | 'discovery',
  path: string,
  more: { region?: string; imageId?: string } = {},
) =>
  ferry.http(name, { method: 'GET', path, token, headers: { host, 'x-forwarded-proto': 'https' }, ...more });

describe.each(['REGION3', 'Süd West', odd])('region %s', (region) => {
  const url = `https://${host}/regions/${encodeURIComponent(region)}`;

  test('takes an import, whose links lead back to it', async () => {
    const { regions } = ferry.openstack;
    const source = await regions.REGION1.createImage(formats, randomBytes(100_000));
    const target = await ferry.openstack.region(region).createImage({});
    const answer = await importTo(region, target.id, source.id);
    expect(answer).toMatchObject({
      status: 201,
      headers: { location: `/regions/${encodeURIComponent(region)}/v2/images/${target.id}/tasks` },
    });
    expect(await ferry.finished(target.id, token, region)).toMatchObject({ status: 'success' });
    expect(ferry.openstack.region(region).image(target.id)).toMatchObject({
      status: 'active',
      os_hash_value: source.os_hash_value,
    });
    await expectNothingLeft(ferry);
  });

  test('has a version document and import methods of its own', async () => {
    const links = [{ rel: 'self', href: `${url}/v2/` }];
    for (const [path, status] of [
      ['', 300],
      ['/', 300],
      ['/versions', 200],
    ] as const) {
      const answer = await get('discovery', path, { region });
      expect(answer).toMatchObject({
        status,
        json: { versions: [{ id: 'v2.12', links }, ...Array(12).fill({ links })] },
      });
    }
    const methods = await get('discovery', '/v2/info/import', { region });
    expect(methods.json).toMatchObject({ 'import-methods': { value: ['glance-download', 'web-download'] } });
  });
});

test('GET /regions lists those that are served, each with its URL, to who has a token', async () => {
  const { status, json } = await get('discovery', '/regions');
  const urlOf = (name: string) => `https://${host}/regions/${encodeURIComponent(name.replace('/', '%2F'))}`;
  const regions = served.map((name) => ({ name, links: [{ rel: 'self', href: urlOf(name) }] }));
  expect({ status, json }).toEqual({ status: 200, json: { regions } });
  for (const { name } of regions) {
    // As a gateway gives it that decodes paths, and as one that does not.
    const inLink = decodeURIComponent(urlOf(name)).split('/').at(-1) ?? '';
    for (const region of [inLink, encodeURIComponent(name)])
      expect((await get('discovery', '/v2/info/import', { region })).status).toBe(200);
  }
  const anonymous = await ferry.http('discovery', { method: 'GET', path: '/regions' });
  expect(anonymous.status).toBe(401);
});

test('the same image id in two regions at once: two imports, two tasks, no mixing', async () => {
  const { regions } = ferry.openstack;
  const id = randomUUID();
  const sources = await Promise.all(
    [1, 2].map(() => regions.REGION1.createImage(formats, randomBytes(200_000))),
  );
  const targets = ['REGION2', 'REGION3'] as const;
  for (const region of targets) await regions[region].createImage({ id });
  const answers = await Promise.all(
    targets.map((region, index) =>
      importTo(region === 'REGION2' ? undefined : region, id, sources[index]?.id ?? ''),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  for (const [index, region] of targets.entries()) {
    const task = await ferry.finished(id, token, region);
    expect(task).toMatchObject({ id: answers[index]?.json['id'], status: 'success' });
    const { json } = await get('list-tasks', '/v2/images/{image_id}/tasks', { region, imageId: id });
    expect(json['tasks']).toHaveLength(1);
    expect(regions[region].image(id)).toMatchObject({ os_hash_value: sources[index]?.os_hash_value });
  }
  await expectNothingLeft(ferry);
});

describe('a region that is not served', () => {
  test.each(['REGION1', 'region3', 'REGION9', 'Süd', 'x'.repeat(300)])(
    'is answered 404 with those that are: %s',
    async (region) => {
      const { id } = await ferry.openstack.regions.REGION2.createImage({});
      const answers = [
        await importTo(region, id, randomUUID()),
        await get('list-tasks', '/v2/images/{image_id}/tasks', { region, imageId: id }),
        await get('discovery', '/v2/info/import', { region }),
      ];
      for (const { status, json } of answers) {
        expect(status).toBe(404);
        expect(json['message']).toMatch(/ is not served here; regions served: /);
        expect(json['message']).toContain(served.join(', '));
      }
    },
  );

  test('has no version document', async () => {
    expect((await get('discovery', '/versions', { region: 'REGION9' })).status).toBe(404);
  });
});

describe('a deployment that finds itself in the catalog', () => {
  const interfaces = { public: `http://${host}/regions/REGION3` };

  test('as the image service of a target says so, and asks nobody', async () => {
    ferry.openstack.setImageEndpoints('REGION3', interfaces);
    const { id } = await ferry.openstack.regions.REGION3.createImage({});
    const answers = [
      await importTo('REGION3', id, randomUUID(), { host }),
      await get('list-tasks', '/v2/images/{image_id}/tasks', { region: 'REGION3', imageId: id }),
      await get('discovery', '/v2/info/import', { region: 'REGION3' }),
    ];
    for (const { status, json } of answers) {
      expect(status).toBe(503);
      expect(json['message']).toMatch(/is this service itself.*OS_INTERFACE=internal/);
    }
  });

  test('by another name, or behind a proxy before Glance, says so when it asks itself', async () => {
    const { id } = await ferry.openstack.regions.REGION2.createImage({});
    const itself = createServer((request, response) => {
      const { 'x-auth-token': asking = '', 'user-agent': agent = '' } = request.headers;
      const asked = { method: 'GET', imageId: id, token: `${asking}`, headers: { 'user-agent': agent } };
      void ferry.http('list-tasks', asked).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      });
    });
    await once(itself.listen(0, '127.0.0.1'), 'listening');
    const { port } = itself.address() as AddressInfo;
    ferry.openstack.setImageEndpoints('REGION2', { public: `http://127.0.0.1:${port}` });
    const { status, json } = await get('list-tasks', '/v2/images/{image_id}/tasks', { imageId: id });
    const { url } = ferry.openstack.regions.REGION2;
    ferry.openstack.setImageEndpoints('REGION2', { public: url });
    itself.close();
    expect(status).toBe(400);
    expect(json['message']).toMatch(/leads from this service to itself.*OS_INTERFACE=internal/);
  });

  test('as that of a source says so, and of an interface where it is not', async () => {
    const { regions, setImageEndpoints } = ferry.openstack;
    const source = await regions.REGION1.createImage(formats, randomBytes(1000));
    setImageEndpoints('REGION1', { public: `https://${host}` });
    const { id } = await regions.REGION2.createImage({});
    const refused = await importTo(undefined, id, source.id, { host, 'x-forwarded-proto': 'https' });
    expect(refused.status).toBe(400);
    expect(refused.json['message']).toMatch(/is this service itself.*'glance_service_interface'/);
    const method = {
      name: 'glance-download',
      glance_region: 'REGION1',
      glance_image_id: source.id,
      glance_service_interface: 'internal',
    };
    const asked = { method: 'POST', imageId: id, token, headers: { host }, body: { method } };
    expect(await ferry.http('import-image', asked)).toMatchObject({ status: 201 });
    expect(await ferry.finished(id, token)).toMatchObject({ status: 'success' });
    await expectNothingLeft(ferry);
  });
});
