import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { applicationCredentials } from '../cloud/openstack/keystone/fixture.ts';
import type { Answer } from './ferry.ts';
import type { RequestOptions } from './lambda.ts';
import { steps } from './queues-by-hand.ts';
import { downloadOf } from './refusals.ts';
import { useFerryByHand } from './use-ferry.ts';
import { useWebServer } from './use-web-server.ts';
import { bytesPage } from './web-server.ts';

// The caller's token, the service user's, its credential, the sealing secret and a URI's signature: everything that leaves a function is searched for them.
// The queues are read by hand, so that every message and every state of the table is seen.

const credentialArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:service-user';
const sealingSecret = 'the-sealing-secret-of-this-test-alone';
const signature = 'SIGNATURE-that-nobody-may-see';

const web = useWebServer();
const { ferry, queues } = useFerryByHand(() => ({
  env: {
    POWERTOOLS_LOG_LEVEL: 'DEBUG',
    POWERTOOLS_LOGGER_LOG_EVENT: 'true',
    OS_APPLICATION_CREDENTIAL_SECRET_ARN: credentialArn,
    OS_IMPORT_FILTERING_OPTS__ALLOWED_PORTS: new URL(web.url).port,
  },
}));
let token: string;
/** Everything that was said, by where. */
let said: { readonly where: string; readonly text: string }[];
let logged: string[];

beforeAll(() => {
  const service = applicationCredentials.find(({ name }) => name === 'svc-ac');
  // As a deployment has them; no function has been loaded yet.
  ferry.aws.secrets.set(credentialArn, JSON.stringify({ id: service?.id, secret: service?.secret }));
  ferry.aws.secrets.set(ferry.aws.env['TOKEN_SEALING_SECRET_ARN'] ?? '', sealingSecret);
  token = ferry.openstack.issueToken('demo');
});

beforeEach(() => {
  said = [];
  logged = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => logged.push(String(text)) > 0);
});
afterEach(() => vi.restoreAllMocks());

const say = (where: string, thing: unknown): void =>
  void said.push({ where, text: typeof thing === 'string' ? thing : JSON.stringify(thing) });

const call = async (name: 'import-image' | 'list-tasks', request: RequestOptions): Promise<Answer> => {
  const answer = await ferry.http(name, { token, ...request });
  say(`answer of ${name}`, answer);
  return answer;
};

/** Lets an import go through all of its steps. */
const work = async (): Promise<void> => {
  for (const step of steps) {
    say('table', await ferry.traces.items());
    const handled = await queues.next(step);
    if (!handled) continue;
    say('message', handled.message);
    say(`result of ${step}`, handled.result);
  }
};

const importOf = async (body: object): Promise<{ imageId: string; status: unknown }> => {
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const { id: imageId } = await ferry.openstack.regions.REGION2.createImage({ name: 'target', ...formats });
  expect(await call('import-image', { method: 'POST', imageId, body })).toMatchObject({ status: 201 });
  await work();
  const [task] = (await call('list-tasks', { method: 'GET', imageId })).json['tasks'] as { status: string }[];
  say('table', await ferry.traces.items());
  return { imageId, status: task?.status };
};

const source = async (): Promise<string> => {
  const formats = { disk_format: 'raw', container_format: 'bare' };
  return (await ferry.openstack.regions.REGION1.createImage(formats, 'data')).id;
};

/** Also as base64 would carry it, whatever stands before it. */
const spellings = (secret: string): string[] =>
  [0, 1, 2]
    .map((shift) =>
      Buffer.from('x'.repeat(shift) + secret)
        .toString('base64')
        .slice(4, -4),
    )
    .concat(secret);

/** Any token of the emulated Keystone: the service user's is known to the functions alone. */
const anyToken = /gAAAAAB[\w-]{40}/;

const expectSecret = (...secrets: readonly string[]): void => {
  vi.restoreAllMocks();
  const words = [...secrets, 'svc-ac-secret', sealingSecret].flatMap(spellings);
  const everything = [...said, ...logged.map((text) => ({ where: 'log', text }))];
  const tells = (text: string) => anyToken.test(text) || words.some((word) => text.includes(word));
  expect(everything.filter(({ text }) => tells(text))).toEqual([]);
};

test('nothing that an import says or leaves holds the token', async () => {
  const { status } = await importOf(downloadOf(await source()));
  expect(status).toBe('success');
  expect(said.filter(({ where }) => where === 'message')).toHaveLength(2);
  expect(logged.some((line) => line.includes('import ended'))).toBe(true);
  expectSecret(token);
});

test('messages hold ids alone', async () => {
  await importOf(downloadOf(await source()));
  const bodies = said.filter(({ where }) => where === 'message').map(({ text }) => JSON.parse(text));
  for (const { Body, MessageAttributes } of bodies) {
    expect(Object.keys(JSON.parse(Body)).sort()).toEqual(['imageId', 'region', 'taskId']);
    expect(MessageAttributes).toBeUndefined();
  }
});

test('a task that has ended holds the token not even sealed', async () => {
  const { imageId } = await importOf(downloadOf(await source()));
  const before = said.filter(({ where, text }) => where === 'table' && text.includes('"sealed"'));
  expect(before).not.toEqual([]);
  const items = (await ferry.traces.items()).filter((item) => item['imageId'] === imageId);
  expect(items).toHaveLength(1);
  expect(items[0]).not.toHaveProperty('sealed');
});

test('an import that fails in the middle says the reason and not the token', async () => {
  const id = await source();
  ferry.openstack.regions.REGION1.change(id, { os_hash_value: '0'.repeat(128) });
  expect(await importOf(downloadOf(id))).toMatchObject({ status: 'failure' });
  expectSecret(token);
});

test('an import whose token ends meanwhile goes on by the service user, whose token is as secret', async () => {
  const shortLived = ferry.openstack.issueToken('demo');
  const [sourceId, { id: imageId }] = [await source(), await ferry.openstack.regions.REGION2.createImage({})];
  const request = { method: 'POST', imageId, token: shortLived, body: downloadOf(sourceId) };
  await call('import-image', request);
  ferry.openstack.keystone.tokens.expire(shortLived);
  ferry.openstack.regions.REGION2.clearRequests();
  await work();
  expect(await call('list-tasks', { method: 'GET', imageId })).toMatchObject({
    json: { tasks: [{ status: 'success' }] },
  });
  const users = ferry.openstack.regions.REGION2.requests().map(({ serviceUser }) => serviceUser);
  expect(users).toContain('svc');
  expectSecret(shortLived);
});

test('refusals do not hold the token, a wrong one neither', async () => {
  const { id: imageId } = await ferry.openstack.regions.REGION2.createImage({});
  const wrong = 'gAAAAAB-a-token-that-keystone-does-not-know';
  for (const given of [token, wrong]) {
    await call('import-image', { method: 'POST', imageId, token: given, body: '{' });
    await call('list-tasks', { method: 'GET', imageId, token: given });
    await call('list-tasks', { method: 'DELETE', imageId, token: given });
  }
  expect(said).toHaveLength(6);
  expectSecret(token, wrong);
});

test.each([
  [
    'a sealing secret of another form',
    () => ferry.aws.env['TOKEN_SEALING_SECRET_ARN'] ?? '',
    `{"current": "${sealingSecret.slice(0, 30)}"}`,
  ],
  [
    'a sealing secret that is no JSON any more',
    () => ferry.aws.env['TOKEN_SEALING_SECRET_ARN'] ?? '',
    `{${sealingSecret}`,
  ],
  ['a credential of another form', () => credentialArn, '{"id": "svc-ac-secret"}'],
  ['a credential that is no JSON', () => credentialArn, '{svc-ac-secret'],
])('%s is not repeated by what is said of it', async (_, arn, value) => {
  const before = ferry.aws.secrets.get(arn()) ?? '';
  ferry.aws.secrets.set(arn(), value);
  vi.resetModules();
  const { id: imageId } = await ferry.openstack.regions.REGION2.createImage({});
  const answer = await call('import-image', { method: 'POST', imageId, body: downloadOf(await source()) });
  if (answer.status === 201) await work();
  await call('list-tasks', { method: 'GET', imageId });
  expect(logged.join('') + JSON.stringify(said)).toMatch(/"misconfigured"/);
  ferry.aws.secrets.set(arn(), before);
  vi.resetModules();
  expectSecret(token, sealingSecret.slice(0, 30));
});

test("a web-download's signature goes to its server and nowhere else", async () => {
  web.pages.set('/image', bytesPage(Buffer.from('data')));
  const uri = `${web.url}/image?X-Amz-Signature=${signature}`;
  expect(await importOf({ method: { name: 'web-download', uri } })).toMatchObject({ status: 'success' });
  expect(web.requests.map(({ url }) => url)).toEqual([`/image?X-Amz-Signature=${signature}`]);

  web.pages.set('/image', (response) => response.writeHead(403).end(`<Key>${signature}</Key>`));
  expect(await importOf({ method: { name: 'web-download', uri } })).toMatchObject({ status: 'failure' });
  expectSecret(token, signature);
});

test('a direct invocation that fails does not hold the token', async () => {
  const { id: image_id } = await ferry.openstack.regions.REGION2.createImage({});
  const input = { image_id, token, glance_region: 'NOWHERE', glance_image_id: image_id };
  for (const given of [input, { ...input, extra: token }, { ...input, glance_region: 'REGION1' }])
    say(
      'error',
      await ferry
        .invoke('apply-metadata', given)
        .then(String, (error: Error) => `${error.stack} ${error.message}`),
    );
  expectSecret(token);
});
