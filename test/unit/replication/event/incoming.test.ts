import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import { isHttpEvent, textOfHttp, textOfRecord } from '../../../../lib/replication/event/envelopes.ts';
import { parseIncoming, publishedIn, publishedInText } from '../../../../lib/replication/event/incoming.ts';
import { binaryHeaders, cloudEvent, imageId, inFull, onBus, source, toRegion2 } from './events.ts';

const published = publishedIn(toRegion2);
const text = (value: unknown, headers = {}) => ({ body: JSON.stringify(value), headers });
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

describe('the same event', () => {
  test.each([
    ['as it is', toRegion2],
    ['as EventBridge has it', onBus(toRegion2)],
    ['as a structured CloudEvent', cloudEvent(toRegion2)],
    ['as a CloudEvent of a later minor version', cloudEvent(toRegion2, { specversion: '1.1' })],
    ['as a CloudEvent with base64', cloudEvent(undefined, { data_base64: base64(toRegion2) })],
    [
      'as a CloudEvent that says nothing of its content',
      cloudEvent(toRegion2, { datacontenttype: undefined }),
    ],
    [
      'as a CloudEvent of JSON by another name',
      cloudEvent(toRegion2, { datacontenttype: 'application/x+json; v=1' }),
    ],
  ])('%s, by invocation and as text', (_, event) => {
    expect(publishedIn(event)).toEqual(published);
    expect(publishedInText(text(event))).toEqual(published);
    expect(parseIncoming(text(event))).toEqual({ kind: 'published', published });
  });

  test('as a binary CloudEvent: by headers, and by the attributes of a message', () => {
    expect(publishedInText(text(toRegion2, binaryHeaders))).toEqual(published);
    const attributes = Object.entries(binaryHeaders).map(([name, stringValue]) => [name, { stringValue }]);
    const record = { body: JSON.stringify(toRegion2), messageAttributes: Object.fromEntries(attributes) };
    expect(parseIncoming(textOfRecord(record))).toEqual({ kind: 'published', published });
  });

  test('in an HTTP event, in base64 or not', () => {
    const http = {
      requestContext: { http: { method: 'POST' } },
      headers: {},
      body: JSON.stringify(toRegion2),
    };
    const encoded = { ...http, headers: binaryHeaders, body: base64(toRegion2), isBase64Encoded: true };
    for (const event of [http, encoded]) {
      expect(isHttpEvent(event)).toBe(true);
      expect(publishedInText(textOfHttp(event))).toEqual(published);
    }
    expect(isHttpEvent(onBus(toRegion2))).toBe(false);
    expect(() => publishedInText(textOfHttp({ headers: {}, body: null }))).toThrow('is not JSON');
  });
});

describe("a replica's own message", () => {
  const replica = { source: { region: 'REGION1', imageId }, region: 'REGION2' };
  const { source: _, targets, ...manner } = inFull;
  const { region: __, ...settings } = targets[0] ?? { region: '' };

  test.each([
    { replica: { ...replica, policy: 'public-images' } },
    {
      replica: { ...replica, request: { ...settings, ...manner } },
      looks: 3,
      waitsSinceMs: 1_790_000_000_000,
    },
    { replica, taskId: imageId },
  ])('is taken as it is', (message) => {
    expect(parseIncoming(text(message))).toEqual({ kind: 'replicate', message });
  });

  test.each([
    ['unknown fields: token', { replica, token: 'gAAAA' }],
    ['unknown fields: replica/request/region', { replica: { ...replica, request: { region: 'REGION3' } } }],
    ["replica must have required property 'region'", { replica: { source: replica.source } }],
    [
      'replica/source/imageId must match',
      { replica: { ...replica, source: { ...replica.source, imageId: 'x' } } },
    ],
  ])('is refused: %s', (words, message) => {
    expect(() => parseIncoming(text(message))).toThrow(words);
  });
});

describe('what is not ours is refused', () => {
  test.each([
    ['The event is not JSON', { body: '{', headers: {} }],
    [
      'detail-type EC2 AMI State Change; "Image Published" is known',
      text(onBus(toRegion2, 'EC2 AMI State Change')),
    ],
    ['is of specversion 0.3; 1.0 is known', text(cloudEvent(toRegion2, { specversion: '0.3' }))],
    [
      'is of type com.github.push; glance-ferry.image.published',
      text(cloudEvent(toRegion2, { type: 'com.github.push' })),
    ],
    [
      'has data of application/xml; JSON is known',
      text(cloudEvent('<a/>', { datacontenttype: 'application/xml' })),
    ],
    ['The CloudEvent has no data', text(cloudEvent(undefined))],
    ['is of type none', text(toRegion2, { 'ce-specversion': '1.0' })],
    ['unknown fields: detail', text({ ...toRegion2, detail: {} })],
  ])('%s', (words, incoming) => {
    expect(() => parseIncoming(incoming)).toThrow(words);
  });

  test('without a word of what may be a secret', () => {
    expect(() => parseIncoming({ body: 'gAAAA a secret', headers: {} })).toThrow(/^The event is not JSON$/);
  });
});

/** Objects that look like events, and are broken anywhere. */
const nearly = fc
  .tuple(
    fc.constantFrom(toRegion2, inFull, { source, policy: 'p' }, onBus(inFull), cloudEvent(inFull)),
    fc.dictionary(
      fc.constantFrom(
        'source',
        'targets',
        'policy',
        'detail',
        'data',
        'replica',
        'specversion',
        '__proto__',
        'x',
      ),
      fc.jsonValue(),
    ),
  )
  .map(([event, broken]) => ({ ...event, ...broken }));

test('nothing that comes in does anything but be taken or be refused with a reason', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    nearly.map((value) => JSON.stringify(value)),
  );
  const headers = fc.dictionary(
    fc.constantFrom('ce-specversion', 'ce-type', 'Ce-DataContentType', 'x'),
    fc.oneof(fc.constantFrom('1.0', 'glance-ferry.image.published'), fc.string()),
  );
  fc.assert(
    fc.property(anything, headers, (body, given) => {
      try {
        expect(['published', 'replicate']).toContain(parseIncoming({ body, headers: given }).kind);
      } catch (error) {
        expect(error).toBeInstanceOf(FerryError);
        expect(error).toMatchObject({ code: 'bad-request' });
        expect((error as Error).message.length).toBeLessThan(3000);
      }
    }),
  );
});
