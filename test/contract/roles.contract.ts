import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Asked, ask, signIn } from './client.ts';
import type { Account, SignedIn } from './cloud.ts';
import type { Answered, Ours } from './ours.ts';
import { type Caller, callers, cell, differences, type Kind, kinds, type Policy, rights } from './roles.ts';
import { octets } from './workbench.ts';

/** A cloud with somebody of every role. */
export interface RolesCloud {
  /** With /v3. */
  readonly authUrl: string;
  /** The region whose Glance is asked, as target and as source. */
  readonly region: string;
  /** Without /v2. */
  readonly glanceUrl: string;
  /** `reader` in the project of `member`; `other` and `service` in projects of their own. */
  readonly accounts: Readonly<Record<Caller, Account>>;
}

interface Store {
  readonly id: string;
  readonly default?: string;
}

/** What a request says of stores. */
interface Stores {
  readonly body?: object;
  readonly header?: string;
}

const formats = { disk_format: 'raw', container_format: 'bare' };
const jsonPatch = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' };

/** Who may do what: Glance's answer and ours beside it, for every caller and every image. */
export function rolesContract(
  policy: Policy,
  cloudOf: () => { readonly cloud: RolesCloud; readonly ours: Ours },
): void {
  const table = rights[policy];
  const made: string[] = [];
  let signedIn: Readonly<Record<Caller, SignedIn>>;
  /** Active, and asked for as sources. */
  let sources: Readonly<Record<Kind, string>>;
  /** Queued until the owner's member has imported into them. */
  let imported: Readonly<Record<Kind, string>>;

  const glance = (caller: Caller, method: string, path: string, options: object = {}): Promise<Asked> =>
    ask(method, `${cloudOf().cloud.glanceUrl}/v2${path}`, { token: signedIn[caller].token, ...options });
  const askOurs: Ours['ask'] = (name, request) => cloudOf().ours.ask(name, request);

  /** @returns undefined where the caller may not have images */
  const create = async (caller: Caller, record: object = {}): Promise<string | undefined> => {
    const json = { name: 'contract', ...formats, ...record };
    const answer = await glance(caller, 'POST', '/images', { json });
    if (answer.status !== 201) return undefined;
    const id = String(answer.field('id'));
    made.push(id);
    return id;
  };

  /** An image of the owner's member, as visible as asked for. */
  const ofKind = async (kind: Kind, fill?: (id: string) => Promise<unknown>): Promise<string> => {
    const visibility = kind === 'pending' || kind === 'accepted' ? 'shared' : kind;
    const id = (await create('member', visibility === 'public' ? {} : { visibility })) ?? '';
    if (visibility === 'public') {
      const body = JSON.stringify([{ op: 'replace', path: '/visibility', value: visibility }]);
      await glance('admin', 'PATCH', `/images/${id}`, { body, headers: jsonPatch });
    }
    if (visibility === 'shared' && kind !== 'shared') await share(id, kind);
    // Last: Glance loses a PATCH that comes while its own import runs.
    await fill?.(id);
    return id;
  };

  const share = async (id: string, status: string): Promise<void> => {
    const member = signedIn.other.projectId;
    await glance('member', 'POST', `/images/${id}/members`, { json: { member } });
    const path = `/images/${id}/members/${member}`;
    if (status === 'accepted') await glance('other', 'PUT', path, { json: { status } });
  };

  const download = (glance_image_id: string): object => {
    const { region: glance_region } = cloudOf().cloud;
    return { method: { name: 'glance-download', glance_region, glance_image_id } };
  };
  const importByOurs = (caller: Caller, imageId: string, sourceId: string): Promise<Answered> =>
    askOurs('import-image', {
      ...{ method: 'POST', imageId, token: signedIn[caller].token, body: download(sourceId) },
    });
  const cancel = (caller: Caller, imageId: string): Promise<Answered> =>
    askOurs('cancel-import', { method: 'DELETE', imageId, token: signedIn[caller].token });
  const importByGlance = (caller: Caller, imageId: string, sourceId: string): Promise<Asked> =>
    glance(caller, 'POST', `/images/${imageId}/import`, { json: download(sourceId) });

  const defaultStore = async (): Promise<string> => {
    const stores = (await glance('member', 'GET', '/info/stores')).field('stores') as Store[];
    return stores.find((store) => store.default === 'true')?.id ?? '';
  };

  /** An import into one image that names stores, by ours first: Glance does not know of it. */
  const importByBoth = async ({ body = {}, header }: Stores): Promise<[Answered, Asked]> => {
    const id = await ofKind('private');
    const json = { ...download(sources.private), ...body };
    const headers = header === undefined ? {} : { 'x-image-meta-store': header };
    const asked = { method: 'POST', imageId: id, token: signedIn.member.token, body: json, headers };
    const ours = await askOurs('import-image', asked);
    return [ours, await glance('member', 'POST', `/images/${id}/import`, { json, headers })];
  };

  beforeAll(async () => {
    const { cloud } = cloudOf();
    const tokens = callers.map(async (name) => [name, await signIn(cloud, cloud.accounts[name])] as const);
    signedIn = Object.fromEntries(await Promise.all(tokens)) as typeof signedIn;
    const upload = (id: string) =>
      glance('member', 'PUT', `/images/${id}/file`, { headers: octets, body: 'hello world' });
    const active = kinds.map(async (kind) => [kind, await ofKind(kind, upload)] as const);
    sources = Object.fromEntries(await Promise.all(active)) as typeof sources;
    const importInto = async (id: string) => {
      expect((await importByOurs('member', id, sources.private)).status).toBe(201);
      expect((await importByGlance('member', id, sources.private)).status).toBe(202);
    };
    const withTasks = kinds.map(async (kind) => [kind, await ofKind(kind, importInto)] as const);
    imported = Object.fromEntries(await Promise.all(withTasks)) as typeof imported;
  });

  afterAll(async () => {
    for (const id of made) await glance('admin', 'DELETE', `/images/${id}`);
  });

  const everyCell = kinds.flatMap((kind) => callers.map((caller) => [kind, caller] as const));

  describe.each(everyCell)('a %s image and %s', (kind, caller) => {
    const expected = (column: keyof typeof table): string => cell(table[column], kind, caller);

    test('import into it gets the same answer from us as from Glance', async () => {
      const id = await ofKind(kind);
      const ours = await importByOurs(caller, id, sources.public);
      const theirs = await importByGlance(caller, id, sources.public);
      expect(`${theirs.status}`).toBe(expected('import'));
      if (theirs.status === differences.accepted.glance)
        return expect(ours.status).toBe(differences.accepted.ours);
      expect([ours.status, ours.json['message']]).toEqual([theirs.status, theirs.message]);
    });

    test('import from it', async () => {
      const [record, data] = await Promise.all([
        glance(caller, 'GET', `/images/${sources[kind]}`),
        glance(caller, 'GET', `/images/${sources[kind]}/file`),
      ]);
      expect([`${record.status}`, `${data.status}`]).toEqual([expected('record'), expected('data')]);
      const target = await create(caller);
      if (!target) return expect(expected('from')).toBe('-');
      const ours = await importByOurs(caller, target, sources[kind]);
      expect(`${ours.status}`).toBe(expected('from'));
      if (ours.status !== differences.unseenSource.ours) return;
      expect(ours.json['message']).toMatch(/^Source image \S+ was not found in region /);
      const theirs = await importByGlance(caller, target, sources[kind]);
      expect(theirs.status).toBe(differences.unseenSource.glance);
    });

    test('its tasks', async () => {
      const theirs = await glance(caller, 'GET', `/images/${imported[kind]}/tasks`);
      const ours = await askOurs('list-tasks', {
        ...{ method: 'GET', imageId: imported[kind], token: signedIn[caller].token },
      });
      if (expected('tasks') === '404') {
        expect([theirs.status, theirs.message]).toEqual([404, differences.tasksNotFound.glance]);
        expect([ours.status, ours.json['message']]).toEqual([404, expect.any(String)]);
        return;
      }
      expect([ours.status, theirs.status]).toEqual([200, 200]);
      const own = theirs.field('tasks') as object[];
      expect(own).toHaveLength(expected('tasks') === 'shown' ? 1 : 0);
      expect(ours.json['tasks']).toHaveLength(2 * own.length);
    });

    test('cancel the import into it, if they may import into it', async () => {
      const id = await ofKind(kind);
      expect((await importByOurs('member', id, sources.public)).status).toBe(201);
      const ours = await cancel(caller, id);
      expect(`${ours.status}`).toBe(expected('cancel'));
      expect((await glance(caller, 'DELETE', `/images/${id}/tasks`)).status).toBe(differences.cancel.glance);
      if (ours.status === differences.cancel.ours) return;
      // Whoever may not import into it may not end what another one imports, and is told the same.
      const refusal =
        ours.status === 404 ? `No import of image ${id} is running` : 'not permitted|not authorized';
      expect(ours.json['message']).toMatch(new RegExp(refusal, 'i'));
      expect((await cancel('member', id)).status).toBe(differences.cancel.ours);
    });
  });

  test('an import that an admin has begun is the admin’s to cancel, not its image’s owner’s', async () => {
    const id = await ofKind('private');
    expect((await importByOurs('admin', id, sources.public)).status).toBe(201);
    expect((await cancel('member', id)).status).toBe(404);
    expect((await cancel('admin', id)).status).toBe(differences.cancel.ours);
  });

  test.each(callers)(
    'an image is made another project’s, or given to it, by an admin alone: %s',
    async (caller) => {
      const [theirs, given] = [signedIn.service.projectId, await ofKind('community')];
      const owner = caller === 'service' ? signedIn.other.projectId : theirs;
      const record = { name: 'contract', ...formats, visibility: 'private', owner };
      const created = await glance(caller, 'POST', '/images', { json: record });
      if (created.status === 201) made.push(String(created.field('id')));
      expect([created.status, created.status === 201 && created.field('owner')]).toEqual(
        caller === 'admin' ? [201, owner] : [403, false],
      );
      const body = JSON.stringify([{ op: 'replace', path: '/owner', value: owner }]);
      const patched = await glance(caller, 'PATCH', `/images/${given}`, { body, headers: jsonPatch });
      expect(patched.status).toBe(caller === 'admin' ? 200 : 403);
      expect((await glance('admin', 'GET', `/images/${given}`)).field('owner')).toBe(
        caller === 'admin' ? owner : signedIn.member.projectId,
      );
    },
  );

  test('an admin fills, and changes, an image that is another project’s', async () => {
    const id = (await create('admin', { visibility: 'private', owner: signedIn.other.projectId })) ?? '';
    const ours = await importByOurs('admin', id, sources.public);
    expect(ours.status).toBe(differences.accepted.ours);
    const filled = await glance('admin', 'PUT', `/images/${id}/file`, {
      headers: octets,
      body: 'hello world',
    });
    expect(filled.status).toBe(204);
    const body = JSON.stringify([{ op: 'add', path: '/os_hidden', value: true }]);
    expect((await glance('admin', 'PATCH', `/images/${id}`, { body, headers: jsonPatch })).status).toBe(200);
    const seen = await glance('other', 'GET', `/images/${id}`);
    expect([seen.field('status'), seen.field('os_hidden')]).toEqual(['active', true]);
  });

  test('while Glance imports into an image, both refuse another import', async () => {
    const id = await ofKind('private');
    expect((await importByGlance('member', id, sources.private)).status).toBe(differences.accepted.glance);
    const [ours, theirs] = [
      await importByOurs('member', id, sources.private),
      await importByGlance('member', id, sources.private),
    ];
    // The second one once a worker has begun, a moment later.
    const refusals =
      /^(Image has active task|Image needs to be in 'queued' state .*|Image with status active cannot be .*)$/;
    expect([ours.status, ours.json['message']]).toEqual([409, expect.stringMatching(refusals)]);
    expect([theirs.status, theirs.message]).toEqual([409, expect.stringMatching(refusals)]);
  });

  test.each<[what: string, fields: (byDefault: string) => Stores]>([
    ['the default store', (byDefault) => ({ body: { stores: [byDefault] } })],
    ['the default store by the header', (byDefault) => ({ header: byDefault })],
    ['no store', () => ({ body: { stores: [] } })],
  ])('of an import into %s', async (_, fields) => {
    const [ours, theirs] = await importByBoth(fields(await defaultStore()));
    expect([ours.status, theirs.status]).toEqual([differences.accepted.ours, differences.accepted.glance]);
  });

  test.each<[what: string, stores: Stores]>([
    ['a store that is not there', { body: { stores: ['nosuch'] } }],
    ['a store that is not there, by the header', { header: 'nosuch' }],
    ['a text, which Glance takes for a list', { body: { stores: 'xyz' } }],
  ])('of an import into %s', async (_, stores) => {
    const [ours, theirs] = await importByBoth(stores);
    expect(ours.status).toBe(differences.otherStores.ours);
    expect(differences.otherStores.glance).toContain(theirs.status);
  });

  test.each(callers)('versions and import methods are anybody’s: %s', async (caller) => {
    const { token } = signedIn[caller];
    expect((await glance(caller, 'GET', '/info/import')).status).toBe(200);
    expect(await askOurs('discovery', { method: 'GET', token })).toMatchObject({
      status: 200,
      json: { 'import-methods': { value: ['glance-download', 'web-download'] } },
    });
    const versions = { method: 'GET', path: '/versions', headers: { host: 'ferry' } };
    expect((await askOurs('discovery', versions)).status).toBe(200);
  });
}
