import dns from 'node:dns';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { NewImage } from '../cloud/openstack/glance/prepared.ts';
import { expectRefused } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

// Glance's own filter: hosts that are not listed, and the ports of the web alone. The addresses are public ones, since
// no others pass; nobody calls them, since nobody reads the queue.

const env = {
  OS_IMPORT_FILTERING_OPTS__ALLOWED_HOSTS: '',
  OS_IMPORT_FILTERING_OPTS__DISALLOWED_HOSTS: '8.8.4.4',
};
// Whether a machine without a resolver says ENOTFOUND or EAI_AGAIN of a name is not for these tests to find out.
const lookup = dns.lookup.bind(dns);
const unresolved: Readonly<Record<string, string>> = {
  'no-such-host.invalid': 'ENOTFOUND',
  'busy.example.org': 'EAI_AGAIN',
};
type Looked = (error: Error | null, addresses: dns.LookupAddress[]) => void;
const lookupHere = (host: string, options: dns.LookupAllOptions, done: Looked): void => {
  const code = unresolved[host];
  if (code === undefined) lookup(host, options, done);
  else done(Object.assign(new Error(code), { code }), []);
};
vi.spyOn(dns, 'lookup').mockImplementation(lookupHere as unknown as typeof dns.lookup);

const ferry = useFerry({ env, idle: ['stream-image', 'apply-metadata', 'fail-import'] });
let token: string;
let imageId: string;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  imageId = await target();
});

const target = async (image: NewImage = { disk_format: 'raw', container_format: 'bare' }): Promise<string> =>
  (await ferry.openstack.regions.REGION2.createImage({ name: 'target', ...image })).id;

const from = (uri: unknown) => ({ method: { name: 'web-download', uri } });

const refused = (uri: string, shown = uri) => {
  const message = `URI for web-download does not pass filtering: ${shown}`;
  return expectRefused(ferry, { imageId, token, body: from(uri) }, { status: 400, message });
};

describe('a URI that does not pass the filter is 400, as Glance says it', () => {
  test.each<[what: string, uris: readonly string[]]>([
    ['no URI', ['image.qcow2', '//8.8.8.8/image', 'http://', 'http:///image']],
    ['another scheme', ['ftp://8.8.8.8/image', 'file:///etc/passwd', 'gopher://8.8.8.8/']],
    ['another port', ['http://8.8.8.8:22/', 'http://8.8.8.8:8080/', 'https://8.8.8.8:9292/']],
    ['a denied host', ['http://8.8.4.4/', 'http://8.8.4.4./', 'http://[::ffff:8.8.4.4]/']],
    ['a name that does not resolve', ['http://no-such-host.invalid/image']],
    ['this machine', ['http://127.0.0.1/', 'http://127.8.8.8/', 'http://localhost/', 'http://0.0.0.0/']],
    [
      'this machine in decimal, hex, octal',
      ['http://2130706433/', 'http://0x7f000001/', 'http://0177.0.0.1/'],
    ],
    ['this machine in short', ['http://127.1/', 'http://127.0.1/', 'http://0x7f.1/', 'http://0/']],
    ['this machine in IPv6', ['http://[::1]/', 'http://[::]/', 'http://[::ffff:127.0.0.1]/']],
    ['cloud metadata', ['http://169.254.169.254/latest/', 'http://[fe80::1]/', 'http://[fd00:ec2::254]/']],
    [
      'cloud metadata in other words',
      ['http://2852039166/', 'http://0xa9fea9fe/', 'http://[64:ff9b::a9fe:a9fe]/'],
    ],
    ['any address not written in full', ['http://203.0.28929/', 'http://3405803777/']],
  ])('%s', async (_, uris) => {
    for (const uri of uris) await refused(uri);
  });

  test('but for a name of which the resolver says nothing at the moment: 503', async () => {
    const message = 'busy.example.org cannot be resolved at the moment (EAI_AGAIN)';
    const body = from('http://busy.example.org/image?signature=hidden');
    await expectRefused(ferry, { imageId, token, body }, { status: 503, message });
  });

  test.each([
    ['http://user:hidden@8.8.8.8/image', 'http://8.8.8.8/image'],
    ['http://hidden@8.8.8.8/image', 'http://8.8.8.8/image'],
    ['http://user@name:hidden@8.8.8.8/image', 'http://8.8.8.8/image'],
    ['http://user:hid/den@8.8.8.8/image', 'http://8.8.8.8/image'],
    ['http:user:hidden@8.8.8.8/image', 'http:8.8.8.8/image'],
    ['http:\\\\user:hidden@8.8.8.8/image', 'http:\\\\8.8.8.8/image'],
    [' http://user:hidden@8.8.8.8/image', '8.8.8.8/image'],
    ['http://127.0.0.1/image?signature=hidden', 'http://127.0.0.1/image'],
    ['http://127.0.0.1/image#hidden', 'http://127.0.0.1/image'],
  ])('user, password and query are not in the answer: %j', async (uri, shown) => {
    expect(shown).not.toContain('hid');
    await refused(uri, shown);
  });
});

test.each([[undefined], [null], [''], [5], [['http://8.8.8.8/']], [{}]])(
  'a web-download of %j is 400',
  async (uri) => {
    const message = "'uri' needs to be set for web-download import method";
    await expectRefused(ferry, { imageId, token, body: from(uri) }, { status: 400, message });
  },
);

describe('the target of a web-download', () => {
  const uri = 'http://8.8.8.8/image';

  test('needs formats, since nothing else says what the bytes are: 409', async () => {
    const message = (name: string) => `'${name}' needs to be set before import`;
    const refusedFor = async (image: NewImage, missing: string, body = from(uri)) =>
      expectRefused(
        ferry,
        { imageId: await target(image), token, body },
        { status: 409, message: message(missing) },
      );
    await refusedFor({}, 'container_format');
    await refusedFor({ disk_format: 'raw' }, 'container_format');
    await refusedFor({ container_format: 'bare' }, 'disk_format');
    await refusedFor({}, 'container_format', from('file:///etc/passwd'));
  });
});

test.each([
  'http://8.8.8.8/image',
  'https://8.8.8.8/image',
  'http://8.8.8.8:443/image',
  'HTTP://8.8.8.8/image',
  'http://[2001:4860:4860::8888]/image',
])('%s is accepted, and its query is sealed', async (uri) => {
  const request = { method: 'POST', imageId: await target(), token, body: from(`${uri}?signature=hidden`) };
  const answer = await ferry.http('import-image', request);
  expect(answer).toMatchObject({
    status: 201,
    json: { input: { import_req: { method: { name: 'web-download', uri } } } },
  });
  expect(answer.body).not.toContain('hidden');
  expect(JSON.stringify(await ferry.traces.items())).not.toContain('hidden');
});
