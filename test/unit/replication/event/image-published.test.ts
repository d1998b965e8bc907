import { describe, expect, test } from 'vitest';
import { parsePublished } from '../../../../lib/replication/event/image-published.ts';
import { imageId, inFull, source, toRegion2 } from './events.ts';

const refusal = (event: unknown): string => {
  try {
    parsePublished(event);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was taken');
};

describe('an event with targets', () => {
  test('asks for each of them, with its own settings and what is said of all', () => {
    const { targets, identity, retire_older } = inFull;
    const [{ region: _, ...settings }] = targets as [(typeof targets)[0]];
    expect(parsePublished(inFull)).toEqual({
      source: { region: 'REGION1', imageId },
      wanted: [
        { region: 'REGION2', request: { ...settings, identity, retire_older } },
        { region: 'REGION3', request: { identity, retire_older } },
      ],
    });
  });

  test('may say no more than where', () => {
    expect(parsePublished(toRegion2)).toEqual({
      source: { region: 'REGION1', imageId },
      wanted: [{ region: 'REGION2', request: {} }],
    });
  });

  test.each(['6F7A1C4E0D2B4A8E9C315B1F0E7D9A20', `urn:uuid:${imageId}`, `{${imageId}}`])(
    'knows the image in any spelling of its id: %s',
    (image_id) => {
      const event = { ...toRegion2, source: { ...source, image_id } };
      expect(parsePublished(event).source.imageId).toBe(imageId);
    },
  );
});

test.each(['public-images', '*'])('an event with a policy names it: %s', (policy) => {
  expect(parsePublished({ source, policy })).toEqual({
    source: { region: 'REGION1', imageId },
    wanted: policy,
  });
});

describe('an event is refused', () => {
  const target = { region: 'REGION2' };
  test.each([
    ['unknown fields: colour', { ...toRegion2, colour: 'red' }],
    ['unknown fields: source/id', { ...toRegion2, source: { ...source, id: imageId } }],
    ['unknown fields: to, targets/0/visibilty', { source, targets: [{ ...target, visibilty: 'x' }], to: 1 }],
    ['targets/0/visibility must be one of public,', { source, targets: [{ ...target, visibility: 'open' }] }],
    ['targets/0/protected must be boolean', { source, targets: [{ ...target, protected: 'yes' }] }],
    ['targets/0/tags must be array', { source, targets: [{ ...target, tags: 'a' }] }],
    ['targets/0/properties/a must be string', { source, targets: [{ ...target, properties: { a: 1 } }] }],
    ['cannot be called ferry_policy', { source, targets: [{ ...target, properties: { ferry_policy: '' } }] }],
    [
      'visibility is an attribute that every image has, and no property',
      { source, targets: [{ ...target, properties: { visibility: 'public' } }] },
    ],
    ['is an attribute', { source, targets: [{ ...target, properties: { id: imageId } }] }],
    ['cannot be called os_glance_x', { source, targets: [{ ...target, properties: { os_glance_x: 'a' } }] }],
    [
      'unknown fields: targets/0/properties/a\nb',
      { source, targets: [{ ...target, properties: { 'a\nb': 1 } }] },
    ],
    ['targets must NOT have fewer than 1 items', { source, targets: [] }],
    ['either targets, with what they are to have, or a policy', { source }],
    ['either targets, with what they are to have, or a policy', { ...toRegion2, policy: 'p' }],
    ['either targets, with what they are to have, or a policy', { source, policy: 'p', identity: 'id' }],
    ['identity must be one of provenance, name, id', { ...toRegion2, identity: 'uuid' }],
    ["must have required property 'source'", { targets: [target] }],
    ["source must have required property 'region'", { ...toRegion2, source: { image_id: imageId } }],
    [
      'source/image_id must be a UUID (got latest)',
      { ...toRegion2, source: { ...source, image_id: 'latest' } },
    ],
    ['targets has region REGION2 twice', { source, targets: [target, target] }],
    ['region REGION1 is source and target', { source, targets: [{ region: 'REGION1' }] }],
    ['region REGION1 is source and target', { source, targets: [{ region: 'Region1' }] }],
    ['targets has region region2 twice', { source, targets: [target, { region: 'region2' }] }],
    ['the event must be object', 'Image Published'],
    ['the event must be object', [toRegion2]],
    ['the event must be object', null],
  ])('%s', (words, event) => {
    expect(refusal(event)).toMatch(/^The event is no "Image Published": /);
    expect(refusal(event)).toContain(words);
  });

  test('in a sentence that stays short, whatever it holds', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`${at}${'x'.repeat(500)}`, at]));
    const said = refusal({ ...toRegion2, ...many });
    expect(said).toContain('and 995 more');
    expect(said.length).toBeLessThan(1500);
  });
});
