import { beforeAll, describe, expect, test } from 'vitest';
import { downloadOf, expectRefused } from './refusals.ts';
import { useFerry } from './use-ferry.ts';

const openstack = { glance: { REGION2: { furtherStores: ['s3'] } } };
const ferry = useFerry({ openstack, idle: ['stream-image', 'apply-metadata', 'fail-import'] });
let token: string;
let sourceId: string;
let imageId: string;

beforeAll(async () => {
  token = ferry.openstack.issueToken('demo');
  const { REGION1, REGION2 } = ferry.openstack.regions;
  sourceId = (await REGION1.createImage({ disk_format: 'raw', container_format: 'bare' }, 'data')).id;
  imageId = (await REGION2.createImage({ name: 'target', hw_mine: 'kept' })).id;
});

const refused = (body: unknown, message: string, headers = {}) =>
  expectRefused(ferry, { imageId, token, body, headers }, { status: 400, message });

const unexpectedType = 'Unexpected body type. Expected list/dict.';
const noMethod = "Import request requires a 'method' field.";
const noName = "Import request requires a 'name' field.";

describe("a body that is not an import request is 400 in Glance's words", () => {
  test.each<[what: string, body: string | undefined, message: string]>([
    ['no body', undefined, 'Body expected in request.'],
    ['an empty body', '', 'Body expected in request.'],
    ['malformed JSON', '{"method": {', 'Malformed JSON in request body.'],
    ['blanks', '  ', 'Malformed JSON in request body.'],
    ['text', 'method=glance-download', 'Malformed JSON in request body.'],
    ['a number', '5', unexpectedType],
    ['a string', '"glance-download"', unexpectedType],
    ['a boolean', 'true', unexpectedType],
    ['null', 'null', unexpectedType],
    // Upstream answers 500 from here to the end of the list.
    ['a list', '[]', unexpectedType],
    ['a list with a request in it', '[{"method": {"name": "glance-download"}}]', unexpectedType],
  ])('%s', (_, body, message) => refused(body, message));
});

describe('a method that is none is 400', () => {
  test.each<[what: string, body: object, message: string]>([
    ['no method', {}, noMethod],
    ['a method of another name', { Method: { name: 'glance-download' } }, noMethod],
    ['null', { method: null }, noMethod],
    ['a string', { method: 'glance-download' }, noMethod],
    ['a number', { method: 5 }, noMethod],
    ['a list', { method: ['glance-download'] }, noMethod],
    ['a method without a name', { method: {} }, noName],
    ['only the fields', { method: { glance_region: 'REGION1' } }, noName],
    ['an unknown name', { method: { name: 'foo' } }, "Unknown import method name 'foo'."],
    [
      'another case',
      { method: { name: 'Glance-Download' } },
      "Unknown import method name 'Glance-Download'.",
    ],
    ['an empty name', { method: { name: '' } }, "Unknown import method name ''."],
    ['a name that is a number', { method: { name: 5 } }, "Unknown import method name '5'."],
    [
      "a method that is Glance's own alone",
      { method: { name: 'glance-direct' } },
      "Unknown import method name 'glance-direct'.",
    ],
    ['copy-image', { method: { name: 'copy-image' } }, "Unknown import method name 'copy-image'."],
  ])('%s', (_, body, message) => refused(body, message));
});

describe('store options', () => {
  const notBoolean = (name: string) => `'${name}' must be boolean value only`;
  const notHere = (got: string) =>
    `The image goes to the default store, others cannot be chosen here (got ${got})`;

  test.each(['true', 1, 0, null, [], {}])('that are not boolean are 400: %j', async (value) => {
    for (const name of ['all_stores', 'all_stores_must_succeed'])
      await refused({ ...downloadOf(sourceId), [name]: value }, notBoolean(name));
  });

  test.each<[what: string, fields: object, headers: Record<string, string>, got: string]>([
    ['all stores', { all_stores: true }, {}, 'all_stores'],
    ['one store', { stores: ['s3'] }, {}, 'stores: s3'],
    ['several stores', { stores: ['s3', 'files'] }, {}, 'stores: s3, files'],
    ['a string', { stores: 's3' }, {}, 'stores: s3'],
    ['all stores and some', { all_stores: true, stores: ['s3'] }, {}, 'all_stores'],
    ['the header', {}, { 'x-image-meta-store': 's3' }, 'stores: s3'],
    ['both', { stores: ['a'] }, { 'x-image-meta-store': 'b' }, 'stores: a'],
  ])('that name a store are 400 and say why: %s', (_, fields, headers, got) =>
    refused({ ...downloadOf(sourceId), ...fields }, notHere(got), headers),
  );
});

describe('fields of a glance-download', () => {
  const notSet = (name: string) => `'${name}' needs to be set for glance-download import method`;
  const notUuid = (id: string) => `Remote image id does not look like a UUID: ${id}`;
  const noText = "'glance_region' must be a non-empty string";
  const noInterface = "'glance_service_interface' must be a string";
  const without = undefined; // JSON.stringify leaves it out

  test.each<[fields: Record<string, unknown>, message: string]>([
    [{ glance_region: without }, notSet('glance_region')],
    [{ glance_image_id: without }, notSet('glance_image_id')],
    [{ glance_region: without, glance_image_id: without }, notSet('glance_region')],
    [{ glance_region: without, glance_image_id: 'not-a-uuid' }, notSet('glance_region')],
    [{ glance_region: '' }, noText],
    [{ glance_region: null }, noText],
    [{ glance_region: 5 }, noText],
    [{ glance_region: ['REGION1'] }, noText],
    [{ glance_image_id: 'not-a-uuid' }, notUuid('not-a-uuid')],
    [{ glance_image_id: '' }, notUuid('')],
    // Upstream answers 500 to these four.
    [{ glance_image_id: null }, notUuid('null')],
    [{ glance_image_id: 5 }, notUuid('5')],
    [{ glance_image_id: ['x'] }, notUuid('["x"]')],
    [{ glance_image_id: {} }, notUuid('{}')],
    [{ glance_service_interface: 5 }, noInterface],
    [{ glance_service_interface: '' }, noInterface],
  ])('%j is 400', (fields, message) => refused(downloadOf(sourceId, fields), message));

  test.each(['0', '-1', '../v2', '%2e%2e', 'g0000000-0000-0000-0000-000000000000', '1'.repeat(33)])(
    'an id that is no UUID never reaches a URL: %s',
    async (id) => {
      ferry.openstack.regions.REGION1.clearRequests();
      await refused(downloadOf(id), notUuid(id));
      expect(ferry.openstack.regions.REGION1.requests()).toEqual([]);
    },
  );

  test('a region without a Glance is 400', () =>
    refused(
      downloadOf(sourceId, { glance_region: 'REGION9' }),
      'public glance endpoint not found for region REGION9',
    ));

  test.each(['publicURL', 'PUBLIC', 'nosuch'])('an interface without a Glance is 400: %s', (name) =>
    refused(
      downloadOf(sourceId, { glance_service_interface: name }),
      `${name} glance endpoint not found for region REGION1`,
    ),
  );
});
