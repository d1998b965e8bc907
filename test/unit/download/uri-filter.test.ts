import dns, { type LookupAddress } from 'node:dns';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createUriFilter, displayUri, type UriFilterOptions } from '../../../lib/download/uri-filter.ts';

type Lists = UriFilterOptions['hosts'];

/** Glance's defaults for `[import_filtering_opts]`. Public addresses are only looked at, never called. */
const filterOf = (options: Partial<UriFilterOptions> = {}) =>
  createUriFilter({
    schemes: { allowed: ['http', 'https'], disallowed: [] },
    hosts: { allowed: [], disallowed: [] },
    ports: { allowed: [80, 443], disallowed: [] },
    ...options,
  });
const hosts = (lists: Partial<Lists>) => filterOf({ hosts: { allowed: [], disallowed: [], ...lists } });

const passes = (uri: string, filter = filterOf()) => filter.passes(uri);

describe('by default', () => {
  test.each([
    'http://8.8.8.8',
    'http://8.8.8.8/image.qcow2?a=b#c',
    'https://8.8.8.8/',
    'HTTPS://8.8.8.8/',
    'http://8.8.8.8:80/',
    'https://8.8.8.8:80/',
    'http://8.8.8.8:/',
    'http://8.8.8.8:00443/',
    'http://8.8.8.8?x=@y',
    'http://8.8.8.8/user@host:99/',
    'http://[2001:4860:4860::8888]/',
    'http://[2001:4860:4860::8888]:443/',
    'http://[2001:4860:4860:0:0:0:0:8888]/',
  ])('%s passes', async (uri) => {
    expect(await passes(uri)).toBe(true);
  });

  test.each([
    '',
    'http',
    'http:',
    'http://',
    'http:///path',
    '//8.8.8.8/',
    '8.8.8.8/image',
    'http:8.8.8.8',
    'http:/8.8.8.8/',
    'http:\\\\8.8.8.8\\',
    'http://8.8.8.8\\@10.0.0.1/',
    ' http://8.8.8.8/',
    'ht\ntp://8.8.8.8/',
    'http://8.8.\t8.8/',
    'http://8.8.8.8%2f/',
    'http://%38.8.8.8/',
    'http://user@8.8.8.8/',
    'http://user:password@8.8.8.8/',
    'http://@8.8.8.8/',
    'http://8.8.8.8:65536/',
    'http://8.8.8.8:-1/',
    'http://8.8.8.8:http/',
    'http://[fe80::1%25eth0]/',
    'http://[8.8.8.8]/',
    'http://2001:4860:4860::8888/',
    'http://no-such-host.invalid/',
  ])('%j is not a URI that anyone could mean', async (uri) => {
    expect(await passes(uri)).toBe(false);
  });

  test.each(['ftp://8.8.8.8/', 'file:///etc/passwd', 'data:,x', 'javascript:1', 'httpx://8.8.8.8/'])(
    '%s has a scheme that is not listed',
    async (uri) => {
      expect(await passes(uri)).toBe(false);
    },
  );

  test.each(['http://8.8.8.8:9292/', 'http://8.8.8.8:0/', 'http://8.8.8.8:8080/', 'http://8.8.8.8:22'])(
    '%s names a port that is not listed',
    async (uri) => {
      expect(await passes(uri)).toBe(false);
    },
  );
});

describe('an address that is not the world’s', () => {
  test.each([
    ['a private network', '10.0.0.1'],
    ['a private network', '172.16.0.1'],
    ['a private network', '172.31.255.255'],
    ['a private network', '192.168.1.1'],
    ['a private network', '[fc00::1]'],
    ['a provider’s own network', '100.64.0.1'],
    ['Alibaba’s metadata', '100.100.100.200'],
    ['Azure’s platform', '168.63.129.16'],
    ['Oracle’s metadata', '192.0.0.192'],
    ['Amazon’s metadata', '169.254.169.254'],
    ['Amazon’s metadata', '[fd00:ec2::254]'],
    ['Google’s metadata', '[fd20:ce::254]'],
    ['a benchmark’s network', '198.18.0.1'],
    ['documentation', '203.0.113.1'],
    ['documentation', '[2001:db8::1]'],
    ['nobody yet', '240.0.0.1'],
    ['a site', '[fec0::1]'],
    ['a private network behind NAT64', '[64:ff9b::10.0.0.1]'],
    ['a private network in other clothes', '[::ffff:192.168.1.1]'],
  ])('but of %s (%s) passes where it is listed, and nowhere else', async (_of, address) => {
    expect(await passes(`http://${address}/`)).toBe(false);
    const listed = hosts({ allowed: [address.replace(/^\[(.*)\]$/, '$1')] });
    // A listed address is spelt as a URL parser spells it.
    const { hostname } = new URL(`http://${address}/`);
    const isCanonical = hostname === address;
    if (isCanonical) expect(await passes(`http://${address}/`, listed)).toBe(true);
  });

  test.each([
    '9.255.255.255',
    '11.0.0.0',
    '172.15.0.1',
    '172.32.0.1',
    '100.63.0.1',
    '100.128.0.1',
    '168.63.129.17',
  ])('%s lies beside them and passes', async (address) =>
    expect(await passes(`http://${address}/`)).toBe(true),
  );
});

describe('lists', () => {
  test('of schemes: an allow list alone counts where there are both', async () => {
    const both = filterOf({ schemes: { allowed: ['HTTP'], disallowed: ['http'] } });
    expect(await passes('http://8.8.8.8/', both)).toBe(true);
    expect(await passes('https://8.8.8.8/', both)).toBe(false);
    const denied = filterOf({ schemes: { allowed: [], disallowed: ['https'] } });
    expect(await passes('http://8.8.8.8/', denied)).toBe(true);
    expect(await passes('https://8.8.8.8/', denied)).toBe(false);
  });

  test('of ports: looked at only where the URI names one, the default port too', async () => {
    const allowed = filterOf({ ports: { allowed: [8080], disallowed: [8080] } });
    expect(await passes('http://8.8.8.8:8080/', allowed)).toBe(true);
    expect(await passes('http://8.8.8.8:80/', allowed)).toBe(false);
    expect(await passes('http://8.8.8.8/', allowed)).toBe(true);
    const denied = filterOf({ ports: { allowed: [], disallowed: [80] } });
    expect(await passes('http://8.8.8.8:80/', denied)).toBe(false);
    expect(await passes('http://8.8.8.8:81/', denied)).toBe(true);
    expect(await passes('http://8.8.8.8/', denied)).toBe(true);
  });

  test('of hosts: an allow list alone counts where there are both', async () => {
    const both = hosts({ allowed: ['8.8.8.8'], disallowed: ['8.8.8.8'] });
    expect(await passes('http://8.8.8.8/', both)).toBe(true);
    expect(await passes('http://8.8.4.4/', both)).toBe(false);
  });

  test('of hosts: a listed one may be anywhere, this machine too', async () => {
    expect(await passes('http://127.0.0.1/', hosts({ allowed: ['127.0.0.1'] }))).toBe(true);
    expect(await passes('http://LocalHost/', hosts({ allowed: ['localhost'] }))).toBe(true);
    expect(await passes('http://localhost./', hosts({ allowed: ['LOCALHOST'] }))).toBe(true);
    expect(await passes('http://[::1]/', hosts({ allowed: ['::1'] }))).toBe(true);
    expect(await passes('http://localhost/', hosts({ allowed: ['127.0.0.1'] }))).toBe(false);
    expect(await passes('http://127.1/', hosts({ allowed: ['127.0.0.1'] }))).toBe(false);
  });

  test('of hosts: a denied one is denied in capitals, and with the dot of DNS', async () => {
    const denied = hosts({ disallowed: ['8.8.8.8', 'Internal.Example'] });
    for (const host of ['8.8.8.8', '8.8.8.8.', 'internal.example', 'INTERNAL.example', 'internal.example.'])
      expect(await passes(`http://${host}/`, denied), host).toBe(false);
    expect(await passes('http://8.8.4.4/', denied)).toBe(true);
  });
});

describe('names at the moment of the connection', () => {
  const lookup = (host: string, filter = filterOf()) =>
    new Promise<string | LookupAddress[]>((done, failed) =>
      filter.lookup(host, { all: true }, (error, found) => (error ? failed(error) : done(found))),
    );

  test('are refused when they lead to this machine', async () => {
    await expect(lookup('localhost')).rejects.toThrow('the addresses of localhost do not pass filtering');
    await expect(lookup('no-such-host.invalid')).rejects.toThrow();
  });

  test('lead there when they are listed', async () => {
    const filter = hosts({ allowed: ['localhost'] });
    const found = await lookup('LOCALHOST', filter);
    expect(found).toContainEqual({ address: '127.0.0.1', family: 4 });
    const one = await new Promise((done) =>
      filter.lookup('localhost', { family: 4 }, (_error, address, family) => done([address, family])),
    );
    expect(one).toEqual(['127.0.0.1', 4]);
  });
});

test.each([
  ['https://h/p/image.qcow2', 'https://h/p/image.qcow2'],
  ['https://h/i?X-Amz-Signature=secret', 'https://h/i'],
  ['https://h/i#secret', 'https://h/i'],
  ['https://h?secret\nmore', 'https://h'],
  ['https://secret@h/i', 'https://h/i'],
  ['https://user:secret@h:8080/i', 'https://h:8080/i'],
  ['https://h/i@2', 'https://h/i@2'],
  ['https://user:sec@ret@h/i', 'https://h/i'],
  ['HTTPS://user:secret@h', 'HTTPS://h'],
  ['not a uri', 'not a uri'],
])('%j is shown as %j', (uri, shown) => {
  expect(displayUri(uri)).toBe(shown);
});

describe('a host that the resolver says nothing of', () => {
  afterEach(() => void vi.restoreAllMocks());
  type Resolved = (error: NodeJS.ErrnoException) => void;
  const failingBy = (code: string) =>
    vi
      .spyOn(dns, 'lookup')
      .mockImplementation(((_: string, __: unknown, done: Resolved) =>
        done(Object.assign(new Error(code), { code }))) as typeof dns.lookup);

  test('since it is away for a moment is no host that does not pass', async () => {
    failingBy('EAI_AGAIN');
    await expect(passes('http://images.example.org/a.qcow2')).rejects.toMatchObject({
      ...{ code: 'unavailable', retryable: true },
      message: expect.stringContaining('images.example.org cannot be resolved at the moment (EAI_AGAIN)'),
    });
  });

  test.each(['ENOTFOUND', 'EAI_FAIL'])('for good (%s) does not pass', async (code) => {
    failingBy(code);
    expect(await passes('http://images.example.org/a.qcow2')).toBe(false);
  });
});
