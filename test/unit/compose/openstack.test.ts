import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  composeAuthUrl,
  composeOpenStack,
  composePropertyRules,
  composeUriFilter,
} from '../../../lib/compose/openstack.ts';
import { loadConfig } from '../../../lib/config.ts';
import { get } from '../../../lib/http/exchange.ts';
import { TooSlow } from '../../../lib/http/framing/faults.ts';
import { put } from '../../../lib/http/put.ts';
import type { OpenStackHttp } from '../../../lib/openstack/http.ts';
import { readAll } from '../byte-readers.ts';
import { repeating, serve } from '../http/byte-server.ts';

// What a setting says is what the connections do: against real servers, since a line that hands none on compiles as well.

const { signal } = new AbortController();
const configOf = (more: Readonly<Record<string, string>>) =>
  loadConfig({ OS_AUTH_URL: 'http://keystone/v3', OS_REGION_NAME: 'REGION2', ...more });

const opened: OpenStackHttp[] = [];
afterEach(async () => {
  for (const { small } of opened.splice(0)) await small.close();
});
/** For image data. The minute over which a rate is an average is no setting. */
const connectionsWith = (settings: Readonly<Record<string, string>>) => {
  const { http } = composeOpenStack(configOf(settings));
  opened.push(http);
  return { ...http.data, windowMs: 300 };
};

/** 2.5 KiB a second. */
const slowSource = () =>
  serve(repeating('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n', 'x'.repeat(50), 20));
const read = async (settings: Readonly<Record<string, string>>, bytes: number) => {
  const { url } = await slowSource();
  const { body } = await get({ url, headers: {}, connections: connectionsWith(settings), signal });
  try {
    let came = 0;
    while (came < bytes) came += await body.fill(Buffer.alloc(bytes - came));
    return came;
  } finally {
    body.close();
  }
};

describe('MINIMUM_RATE_KIB_S', () => {
  test('ends what a slow source sends; 64 by default', async () => {
    for (const settings of [{ MINIMUM_RATE_KIB_S: '64' }, {}])
      await expect(read(settings, 10_000)).rejects.toBeInstanceOf(TooSlow);
  });

  test.each(['0', '1'])('of %s lets the same source go on', async (rate) =>
    expect(await read({ MINIMUM_RATE_KIB_S: rate }, 1500)).toBe(1500),
  );

  test('ends what is sent to a target that takes no more', async () => {
    const { url } = await serve((socket) => void socket.pause());
    const MiB = 1024 ** 2;
    const pieces = async function* () {
      for (let sent = 0; sent < 64; sent += 1) yield Buffer.alloc(MiB);
    };
    const headers = { 'content-length': `${64 * MiB}` };
    const connections = connectionsWith({ MINIMUM_RATE_KIB_S: '64' });
    await expect(put({ url, headers, connections, signal }, pieces())).rejects.toThrow(
      /^it took .* less than 64 KiB/,
    );
  });
});

test('UPLOAD_ANSWER_S is how long a target may take for its answer', async () => {
  const { url } = await serve((socket) => void socket.resume());
  const once = async function* () {
    yield Buffer.from('data');
  };
  const connections = connectionsWith({ UPLOAD_ANSWER_S: '1' });
  const headers = { 'content-length': '4' };
  await expect(put({ url, headers, connections, signal }, once())).rejects.toThrow(
    'no answer came in 1 s after all 4 bytes were sent',
  );
});

test('SOURCE_STALL_S is how long a source may be silent', async () => {
  const { url } = await serve((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345'));
  });
  const connections = connectionsWith({ SOURCE_STALL_S: '1', MINIMUM_RATE_KIB_S: '0' });
  const { body } = await get({ url, headers: {}, connections, signal });
  const late = delay(20_000, 'still waiting', { ref: false });
  await expect(Promise.race([readAll(body, 10), late])).rejects.toThrow(/1 s/);
});

describe('OS_IMPORT_FILTERING_OPTS__…', () => {
  test.each([
    [{ ALLOWED_SCHEMES: 'https' }, 'http://8.8.8.8/', 'https://8.8.8.8/'],
    [{ ALLOWED_SCHEMES: '[]', DISALLOWED_SCHEMES: 'http' }, 'http://8.8.8.8/', 'https://8.8.8.8/'],
    [{ ALLOWED_HOSTS: '8.8.4.4' }, 'http://8.8.8.8/', 'http://8.8.4.4/'],
    [{ DISALLOWED_HOSTS: '8.8.8.8' }, 'http://8.8.8.8/', 'http://8.8.4.4/'],
    [{ ALLOWED_PORTS: '81' }, 'http://8.8.8.8:80/', 'http://8.8.8.8:81/'],
    [{ ALLOWED_PORTS: '[]', DISALLOWED_PORTS: '80' }, 'http://8.8.8.8:80/', 'http://8.8.8.8:443/'],
  ])('%j refuses %s and not %s', async (settings, refused, passes) => {
    const named = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`OS_IMPORT_FILTERING_OPTS__${name}`, value]),
    );
    const filter = composeUriFilter(configOf({ ...named }));
    expect([await filter.passes(refused), await filter.passes(passes)]).toEqual([false, true]);
  });
});

test('the rules of properties are those of the settings', () => {
  const config = configOf({
    OS_GLANCE_DOWNLOAD_PROPERTIES__EXTRA_PROPERTIES: 'os_',
    OS_INJECT_METADATA_PROPERTIES__INJECT: 'a:b',
    OS_INJECT_METADATA_PROPERTIES__IGNORE_USER_ROLES: 'reader',
  });
  expect(composePropertyRules(config)).toEqual({
    prefixes: ['os_'],
    inject: { a: 'b' },
    ignoreUserRoles: ['reader'],
  });
});

test('OS_TARGET_REGIONS tells where a region of another cloud has its Keystone', () => {
  const authUrl = composeAuthUrl(configOf({ OS_TARGET_REGIONS: 'NORTH=https://keystone.north.example/v3' }));
  expect([authUrl(undefined), authUrl('NORTH')]).toEqual([
    'http://keystone/v3',
    'https://keystone.north.example/v3',
  ]);
});
