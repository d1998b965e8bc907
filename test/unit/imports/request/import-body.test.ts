import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import {
  type ImportBody,
  parseMethod,
  parseImportBody as parseRest,
  parseSource,
} from '../../../../lib/imports/request/import-body.ts';

const id = '12345678-90ab-cdef-1234-567812345678';
const good = { name: 'glance-download', glance_region: 'REGION1', glance_image_id: id };
const parseImportBody = (text: string | undefined): ImportBody => parseRest(parseMethod(text));
const sourceOf = (method: object) => parseSource(parseImportBody(JSON.stringify({ method })));

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof FerryError && error.code === 'bad-request') return error.message;
    throw error;
  }
  return 'accepted';
};
const noMethod = "Import request requires a 'method' field.";
const noName = "Import request requires a 'name' field.";

describe('the body', () => {
  test.each([
    [undefined, 'Body expected in request.'],
    ['', 'Body expected in request.'],
    ['{', 'Malformed JSON in request body.'],
    ['\u0000', 'Malformed JSON in request body.'],
    ['5', 'Unexpected body type. Expected list/dict.'],
    ['null', 'Unexpected body type. Expected list/dict.'],
    ['"text"', 'Unexpected body type. Expected list/dict.'],
    ['[]', 'Unexpected body type. Expected list/dict.'],
    ['{}', noMethod],
    ['{"method":null}', noMethod],
    ['{"method":"glance-download"}', noMethod],
    ['{"method":[]}', noMethod],
    ['{"method":{}}', noName],
    ['{"method":{"name":5}}', "Unknown import method name '5'."],
    ['{"method":{"name":null}}', "Unknown import method name 'null'."],
    ['{"method":{"name":""}}', "Unknown import method name ''."],
    ['{"method":{"name":"glance-direct"}}', "Unknown import method name 'glance-direct'."],
    ['{"method":{"name":"copy-image"}}', "Unknown import method name 'copy-image'."],
    ['{"method":{"name":"toString"}}', "Unknown import method name 'toString'."],
    ['{"method":{"name":{"toString":1}}}', `Unknown import method name '{"toString":1}'.`],
  ])('%j is refused with the words of Glance: %s', (text, message) => {
    expect(messageOf(() => parseImportBody(text))).toBe(message);
  });

  test.each([
    [{ all_stores_must_succeed: 'yes' }, "'all_stores_must_succeed' must be boolean value only"],
    [{ all_stores: 1 }, "'all_stores' must be boolean value only"],
    [{ all_stores: 1, all_stores_must_succeed: 1 }, "'all_stores_must_succeed' must be boolean value only"],
    [{ all_stores: null }, "'all_stores' must be boolean value only"],
  ])('with %j is refused, the method first', (more, message) => {
    expect(messageOf(() => parseImportBody(JSON.stringify({ method: good, ...more })))).toBe(message);
    const unknown = { method: { name: 'x' }, ...more };
    expect(messageOf(() => parseImportBody(JSON.stringify(unknown)))).toBe("Unknown import method name 'x'.");
  });

  test('may hold keys that nobody knows', () => {
    const body = { method: { ...good, extra: 1 }, more: [], all_stores_must_succeed: false };
    expect(parseImportBody(JSON.stringify(body))).toEqual(body);
  });

  test('of any kind is an import request or a bad one, never a fault of ours', () => {
    const key = fc.constantFrom(
      'method',
      'name',
      'stores',
      'all_stores',
      'glance_region',
      'glance_image_id',
      'uri',
    );
    const body = fc.oneof(
      fc.json(),
      fc.object({ key, maxDepth: 3 }).map((value) => JSON.stringify(value)),
      fc.string(),
    );
    fc.assert(
      fc.property(body, (text) => {
        messageOf(() => parseSource(parseImportBody(text)));
      }),
    );
  });
});

describe('a glance-download', () => {
  test('comes from the public interface unless another one is named', () => {
    const source = { kind: 'glance-download', region: 'REGION1', imageId: id };
    expect(sourceOf(good)).toEqual({ ...source, interface: 'public' });
    expect(sourceOf({ ...good, glance_service_interface: null })).toEqual({ ...source, interface: 'public' });
    expect(sourceOf({ ...good, glance_service_interface: 'internal' })).toEqual({
      ...source,
      interface: 'internal',
    });
  });

  test('knows its image by any spelling of the id', () => {
    expect(sourceOf({ ...good, glance_image_id: `urn:uuid:${id.toUpperCase()}` })).toMatchObject({
      imageId: id,
    });
  });

  const needed = (name: string) => `'${name}' needs to be set for glance-download import method`;
  test.each([
    [{ glance_region: undefined }, needed('glance_region')],
    [{ glance_region: undefined, glance_image_id: undefined }, needed('glance_region')],
    [{ glance_image_id: undefined }, needed('glance_image_id')],
    [{ glance_region: '' }, "'glance_region' must be a non-empty string"],
    [{ glance_region: 5 }, "'glance_region' must be a non-empty string"],
    [{ glance_region: null }, "'glance_region' must be a non-empty string"],
    [{ glance_service_interface: 5 }, "'glance_service_interface' must be a string"],
    [{ glance_region: 'r'.repeat(256) }, "'glance_region' must have at most 255 characters"],
    [
      { glance_service_interface: 'i'.repeat(256) },
      "'glance_service_interface' must have at most 255 characters",
    ],
    [{ glance_image_id: '{'.repeat(256) }, `Remote image id does not look like a UUID: ${'{'.repeat(254)}…`],
    [{ glance_image_id: 'not-a-uuid' }, 'Remote image id does not look like a UUID: not-a-uuid'],
    [{ glance_image_id: '' }, 'Remote image id does not look like a UUID: '],
    [{ glance_image_id: 5 }, 'Remote image id does not look like a UUID: 5'],
    [{ glance_image_id: null }, 'Remote image id does not look like a UUID: null'],
    [{ glance_image_id: ['x'] }, 'Remote image id does not look like a UUID: ["x"]'],
  ])('with %j is refused', (more, message) => {
    expect(messageOf(() => sourceOf({ ...good, ...more }))).toBe(message);
  });
});

describe('a web-download', () => {
  test('has a URI', () => {
    expect(sourceOf({ name: 'web-download', uri: 'https://h/i' })).toEqual({
      kind: 'web-download',
      uri: 'https://h/i',
    });
  });

  test('has a URI of at most 8192 characters', () => {
    const uri = `https://h/${'i'.repeat(8182)}`;
    expect(sourceOf({ name: 'web-download', uri })).toMatchObject({ uri });
    expect(messageOf(() => sourceOf({ name: 'web-download', uri: `${uri}i` }))).toBe(
      "'uri' must have at most 8192 characters",
    );
  });

  test.each([{}, { uri: '' }, { uri: 5 }, { uri: null }])('with %j is refused', (more) => {
    expect(messageOf(() => sourceOf({ name: 'web-download', ...more }))).toBe(
      "'uri' needs to be set for web-download import method",
    );
  });
});
