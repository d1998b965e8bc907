import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callersToken } from '../../../../lib/openstack/credentials.ts';
import {
  createImages,
  exactly,
  type ImageQuery,
  type Images,
} from '../../../../lib/openstack/glance/images.ts';
import { createOpenStackHttp } from '../../../../lib/openstack/http.ts';
import type { ImageId, Token } from '../../../../lib/schemas/ids.ts';
import type { GlanceImage } from '../../../../lib/schemas/openstack.ts';
import type { NewImage } from '../../../cloud/openstack/glance/prepared.ts';
import { type OpenStack, startOpenStack } from '../../../cloud/openstack/openstack.ts';
import { formats, hello } from '../../../cloud/openstack/use-openstack.ts';
import { startScriptedServer } from '../../scripted-server.ts';

const http = createOpenStackHttp({ stallMs: 1000 });
const { signal } = new AbortController();
let dataDir: string;
let cloud: OpenStack;
const region = () => cloud.regions.REGION1;
const imagesAs = (user: string): Images =>
  createImages(region().url, callersToken(cloud.issueToken(user) as Token), http);
let images: Images;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'unit-images-'));
  cloud = await startOpenStack({ dataDir });
  images = imagesAs('demo');
});
beforeEach(() => {
  region().clearFaults();
  region().clearRequests();
});
afterAll(async () => {
  await http.small.close();
  await cloud.stop();
  await rm(dataDir, { recursive: true });
});

const prepared = async (own: NewImage = {}, data?: Buffer): Promise<ImageId> =>
  (await region().createImage({ ...formats, ...own }, data)).id as ImageId;

const pagesOf = async (query: ImageQuery, from = images): Promise<readonly (readonly GlanceImage[])[]> => {
  const pages: (readonly GlanceImage[])[] = [];
  for await (const page of from.list(query, { signal })) pages.push(page);
  return pages;
};
const namesOf = async (query: ImageQuery, from = images) =>
  (await pagesOf(query, from)).flat().map(({ name }) => name);

describe('a list', () => {
  test('comes in pages, each image once, with as many requests as pages', async () => {
    for (const n of [1, 2, 3, 4, 5]) await prepared({ name: `paged-${n}`, tags: ['paged'] });
    const pages = await pagesOf({ tag: 'paged', limit: '2' });
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(new Set(pages.flat().map(({ id }) => id)).size).toBe(5);
    expect(region().requests()).toHaveLength(3);
  });

  test('goes on when the last image of a page was deleted meanwhile', async () => {
    for (const n of [1, 2, 3, 4]) await prepared({ name: `going-${n}`, tags: ['going'] });
    const query = { tag: 'going', limit: '2', sort: 'name:asc' };
    const names: unknown[] = [];
    for await (const page of images.list(query, { signal })) {
      names.push(...page.map(({ name }) => name));
      if (names.length === 2) await region().remove(page.at(-1)?.id ?? '');
    }
    expect(names).toEqual(['going-1', 'going-2', 'going-3', 'going-4']);
  });

  test('is asked for by several tags, a visibility, a property', async () => {
    await prepared({ name: 'both', tags: ['a', 'b'], os_distro: 'debian' });
    await prepared({ name: 'one', tags: ['a'], visibility: 'community' });
    expect(await namesOf({ tag: ['a', 'b'] })).toEqual(['both']);
    expect(await namesOf({ visibility: 'community', tag: 'a' })).toEqual(['one']);
    expect(await namesOf({ os_distro: 'debian' })).toEqual(['both']);
  });

  test('finds a name with a colon, which Glance takes for an operator', async () => {
    await prepared({ name: 'Ubuntu: 24.04' });
    expect(await namesOf({ name: exactly('Ubuntu: 24.04') })).toEqual(['Ubuntu: 24.04']);
    await expect(namesOf({ name: 'Ubuntu: 24.04' })).rejects.toMatchObject({ code: 'bad-request' });
  });

  test('has hidden images only when they are asked for', async () => {
    await prepared({ name: 'hidden', os_hidden: true, tags: ['h'] });
    expect(await namesOf({ tag: 'h' })).toEqual([]);
    expect(await namesOf({ tag: 'h', os_hidden: 'true' })).toEqual(['hidden']);
  });

  test('whose pages are the same again ends with an error, not never', async () => {
    const server = await startScriptedServer();
    const page = { images: [{ id: 'same', status: 'active' }], next: '/v2/images?marker=same' };
    server.script({ status: 200, json: page });
    const stuck = createImages(server.url, callersToken('t' as Token), http);
    await expect(pagesOf({}, stuck)).rejects.toMatchObject({
      code: 'unavailable',
      message: `Failed to list images of ${server.url}: a page is the same again`,
    });
    await server.stop();
  });
});

describe('a record', () => {
  test('is created with the id that it is to have, and never a second time', async () => {
    const id = '11111111-2222-8333-8444-555555555555' as ImageId;
    const record = { id, name: 'made', visibility: 'private', ferry_policy: 'p', ...formats };
    expect(await images.create(record, { signal })).toMatchObject({ ...record, status: 'queued' });
    await expect(images.create(record, { signal })).rejects.toMatchObject({ code: 'conflict' });
    await images.remove(id, { signal });
    await expect(images.create(record, { signal })).rejects.toMatchObject({ code: 'conflict' });
  });

  test('is changed in one request', async () => {
    const id = await prepared({ name: 'before' });
    const operations = [{ op: 'replace', path: '/name', value: 'after' } as const];
    expect(await images.patch(id, operations, { signal })).toMatchObject({ name: 'after' });
    expect(await images.image(id, { signal })).toMatchObject({ name: 'after' });
  });

  test('is not removed while it is protected, or in use: Glance says why', async () => {
    const id = await prepared({ protected: true }, hello);
    await expect(images.remove(id, { signal })).rejects.toMatchObject({ code: 'forbidden' });
    region().change(id, { protected: false });
    region().setInUse(id, true);
    await expect(images.remove(id, { signal })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('could not be deleted because it is in use'),
    });
    region().setInUse(id, false);
    await images.remove(id, { signal });
    await expect(images.image(id, { signal })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('is deactivated and active again, each twice without harm', async () => {
    const id = await prepared({}, hello);
    for (const _ of 'ab') await images.deactivate(id, { signal });
    expect(region().image(id)?.status).toBe('deactivated');
    for (const _ of 'ab') await images.reactivate(id, { signal });
    expect(region().image(id)?.status).toBe('active');
    const queued = await prepared();
    await expect(images.deactivate(queued, { signal })).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('members', () => {
  const project = 'other-project';

  test('come and go, each twice without harm', async () => {
    const id = await prepared({ visibility: 'shared' }, hello);
    for (const _ of 'ab') await images.addMember(id, project, { signal });
    expect(await images.members(id, { signal })).toEqual([project]);
    for (const _ of 'ab') await images.removeMember(id, project, { signal });
    expect(await images.members(id, { signal })).toEqual([]);
  });

  test('are not for who does not own the image', async () => {
    const id = await prepared({ visibility: 'shared' }, hello);
    await images.addMember(id, cloud.keystone.accounts.userNamed('other').project.id, { signal });
    await expect(imagesAs('other').addMember(id, project, { signal })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  test('are those of a shared image alone', async () => {
    const id = await prepared({ visibility: 'private' }, hello);
    await expect(images.members(id, { signal })).rejects.toMatchObject({ code: 'forbidden' });
  });
});
