import { beforeAll, describe, expect, test } from 'vitest';
import { downloadOf, expectError, expectRefused } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

// What is too large, too long or too odd is refused by us, before anything is made of it.

const KiB = 1024;
const ferry = useFerry({ idle: ['stream-image', 'apply-metadata', 'fail-import'] });
let token: string;
let imageId: string;
let sourceId: string;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  const { REGION1, REGION2 } = ferry.openstack.regions;
  sourceId = (await REGION1.createImage({ disk_format: 'raw', container_format: 'bare' }, 'data')).id;
  imageId = (await REGION2.createImage({ name: 'target' })).id;
});

const refused = (request: object, refusal: { status: number; message: string }) =>
  expectRefused(ferry, { imageId, token, ...request }, refusal);

/** An import request that is right but for its length in bytes. */
const bodyOf = (bytes: number): string => {
  const body = JSON.stringify({ ...downloadOf(sourceId, { glance_region: 'NOWHERE' }), padding: '' });
  return body.replace('"padding":""', `"padding":"${'x'.repeat(bytes - body.length)}"`);
};

describe('a body of more than 64 KiB is 413', () => {
  const tooLarge = { status: 413, message: 'The body of your request was too large for this server.' };

  test.each([false, true])('in base64: %s', async (base64) => {
    await refused({ body: bodyOf(64 * KiB + 1), base64 }, tooLarge);
    const message = 'public glance endpoint not found for region NOWHERE';
    await refused({ body: bodyOf(64 * KiB), base64 }, { status: 400, message });
  });

  test('also when its characters are fewer', () => refused({ body: 'é'.repeat(32 * KiB + 1) }, tooLarge));

  test('before Keystone is asked for the token, and before it is parsed', () =>
    refused({ token: 'gAAAAAB-unknown', body: '{'.repeat(6 * KiB * KiB) }, tooLarge));

  test('also where a body means nothing', async () => {
    const answer = await ferry.http('list-tasks', { method: 'GET', imageId, token, body: bodyOf(65 * KiB) });
    expectError(answer, tooLarge);
  });
});

describe('odd input is 400', () => {
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const method = (fields: string) =>
    `{"method": {"name": "glance-download", "glance_region": "R", ${fields}}}`;
  const notUuid = (id: string) => `Remote image id does not look like a UUID: ${id}`;
  const stores = (shown: string) =>
    `The image goes to the default store, others cannot be chosen here (got stores: ${shown})`;
  const tooDeep = 'something nested too deeply to be shown';

  test.each<[what: string, body: string, message: string]>([
    [
      'a name with a toString',
      '{"method": {"name": {"toString": 1}}}',
      `Unknown import method name '{"toString":1}'.`,
    ],
    [
      'a name of 20 000 lists',
      `{"method": {"name": ${deep(20_000)}}}`,
      `Unknown import method name '${tooDeep}'.`,
    ],
    [
      'a name of 60 000 quotes',
      `{"method": {"name": "${"'".repeat(60_000)}"}}`,
      `Unknown import method name '${"'".repeat(254)}…'.`,
    ],
    ['an id of 20 000 lists', method(`"glance_image_id": ${deep(20_000)}`), notUuid(tooDeep)],
    [
      'an id of 60 000 braces',
      method(`"glance_image_id": "${'{'.repeat(60_000)}"`),
      notUuid(`${'{'.repeat(254)}…`),
    ],
    ['a body of 30 000 lists', deep(30_000), 'Unexpected body type. Expected list/dict.'],
  ])('%s', (_, body, message) => refused({ body }, { status: 400, message }));

  test.each<[what: string, value: string, shown: string]>([
    ['with a toString', '[{"toString": 1}]', '[{"toString":1}]'],
    ['of 20 000 lists', deep(20_000), tooDeep],
    [
      'of 5000 names',
      JSON.stringify(Array.from({ length: 5000 }, () => 'store')),
      `${'store, '.repeat(36)}st…`,
    ],
  ])('stores %s', (_, value, shown) => {
    const body = JSON.stringify(downloadOf(sourceId)).replace(/}$/, `,"stores":${value}}`);
    return refused({ body }, { status: 400, message: stores(shown) });
  });

  test('an image id of a megabyte is 404, and not repeated', () => {
    const imageId = `${'{'.repeat(KiB * KiB)}x`;
    const message = `No image found with ID ${'{'.repeat(254)}…`;
    return refused({ imageId, body: downloadOf(sourceId) }, { status: 404, message });
  });

  test.each(['', ' ', 'a b', 'h/../x', 'h:port', 'user@h', 'h'.repeat(256), '<b>', 'h:1:2'])(
    'Host %j on /versions',
    async (host) => {
      const answer = await ferry.http('discovery', { method: 'GET', path: '/versions', headers: { host } });
      expectError(answer, { status: 400, message: 'The Host header is not valid.' });
    },
  );

  test.each(['ferry.example', 'ferry:8080', '127.0.0.1:3000', '[::1]:3000'])(
    'but Host %s is a good one',
    async (host) => {
      const answer = await ferry.http('discovery', { method: 'GET', path: '/versions', headers: { host } });
      expect(answer).toMatchObject({ status: 200 });
      expect(answer.body).toContain(`"http://${host}/v2/"`);
    },
  );
});
