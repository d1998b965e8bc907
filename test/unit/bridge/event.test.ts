import { describe, expect, test } from 'vitest';
import { eventOf, type Read, type Rules } from '../../../bridge/event.ts';
import { readNotification } from '../../../bridge/notification.ts';
import { parsePublished } from '../../../lib/replication/event/image-published.ts';
import { bodiesOf, changed, type Doing, recordOf } from './recorded.ts';
import { allRegions } from './rules.ts';

const read = (body: string, rules: Rules = allRegions): Read => {
  const notification = readNotification(body);
  if (notification.kind === 'poison') throw new Error(notification.reason);
  return eventOf(notification, 'REGION1', rules);
};
const eventsOf = (doing: Doing, rules = allRegions): Read[] =>
  bodiesOf(doing)
    .map((body) => read(body, rules))
    .filter(({ kind }) => kind !== 'ignored');
const withPayload = (change: Record<string, unknown>): string =>
  changed(activated, (message) => {
    Object.assign(message['payload'] as object, change);
  });
const [activated = ''] = bodiesOf('upload').slice(3);
const { id } = recordOf(activated);

describe('of what a real Glance has sent', () => {
  test.each([
    ['upload', 3],
    ['glance-direct', 4],
    ['publish', 1],
    ['property', 1],
    ['hide', 1],
    ['tag', 1],
    ['member', 3],
    ['reactivate', 1],
    ['download', 0],
    ['deactivate', 0],
    ['delete', 0],
    ['failed-upload', 0],
    ['replica', 0],
  ] as const)('%s gives %i events', (doing, count) => {
    expect(eventsOf(doing).map(({ kind }) => kind)).toEqual(Array(count).fill('event'));
  });

  test('the three of an upload are the same news, one that changes the record is another', () => {
    const keys = (['upload', 'publish', 'property'] as const).map(
      (doing) => new Set(eventsOf(doing).map((one) => (one.kind === 'event' ? one.key : ''))),
    );
    expect(keys.map(({ size }) => size)).toEqual([1, 1, 1]);
    expect(new Set(keys.flatMap((set) => [...set])).size).toBe(3);
  });

  test('the four of an import by glance-direct are the same news', () => {
    const keys = eventsOf('glance-direct').map((one) => (one.kind === 'event' ? one.key : ''));
    expect(new Set(keys).size).toBe(1);
  });
});

describe('the event', () => {
  test('names region and image, and the other regions', () => {
    const event = { source: { region: 'REGION1', image_id: id }, targets: [{ region: 'REGION2' }] };
    expect(read(activated)).toMatchObject({ kind: 'event', event });
    expect(parsePublished(event)).toMatchObject({ source: { region: 'REGION1', imageId: id } });
  });

  test('names the policy where there is one', () => {
    const event = { source: { region: 'REGION1', image_id: id }, policy: '*' };
    expect(read(activated, { ...allRegions, BRIDGE_POLICY: '*' })).toMatchObject({ event });
    expect(parsePublished(event)).toMatchObject({ wanted: '*' });
  });

  test('has the region of its publisher, where several regions share a broker', () => {
    const rules = { ...allRegions, BRIDGE_PUBLISHERS: { 'image.r1': 'REGION2' } };
    expect(read(activated, rules)).toMatchObject({
      event: { source: { region: 'REGION2' }, targets: [{ region: 'REGION1' }] },
    });
  });
});

describe('no event', () => {
  const reasonOf = (body: string, rules: Partial<Rules> = {}) => {
    const found = read(body, { ...allRegions, ...rules });
    return found.kind === 'event' ? 'an event' : found.reason;
  };

  test.each([
    [{ BRIDGE_PUBLISHERS: { 'image.other': 'REGION1' } }, 'BRIDGE_PUBLISHERS does not name image.r1'],
    [{ BRIDGE_VISIBILITY: ['public'] }, 'It is private'],
    [{ BRIDGE_OWNERS: ['somebody'] }, 'Its owner is none of BRIDGE_OWNERS'],
    [{ BRIDGE_PROPERTIES: { os_distro: 'ubuntu' } }, 'Its os_distro is not that of BRIDGE_PROPERTIES'],
    [{ BRIDGE_PROPERTIES: { constructor: 'x' } }, 'Its constructor is not that of BRIDGE_PROPERTIES'],
    [{ BRIDGE_TARGET_REGIONS: ['REGION1'] }, 'It is in its target region'],
  ] as const)('by the rules %j', (rules, reason) => {
    expect(reasonOf(activated, rules as unknown as Rules)).toBe(reason);
  });

  test('but for those that the rules mean', () => {
    const { owner } = recordOf(activated);
    const BRIDGE_OWNERS = [String(owner)];
    const rules = { BRIDGE_VISIBILITY: ['private' as const], BRIDGE_OWNERS };
    expect(reasonOf(activated, { ...rules, BRIDGE_PROPERTIES: { os_distro: 'debian' } })).toBe('an event');
  });

  test('of an image that carries a mark of ours, so that regions that replicate into each other make no loop', () => {
    expect(reasonOf(withPayload({ properties: { ferry_source_id: 'x' } }))).toBe('It is a replica of ours');
  });

  test.each(['queued', 'saving', 'importing', 'deactivated', 'deleted', 'pending_delete'])(
    'of one that is %s',
    (status) => {
      expect(reasonOf(withPayload({ status }))).toBe('image.upload tells of no active image');
    },
  );

  test('of a failure, which has priority ERROR', () => {
    const body = changed(activated, (message) => {
      message['priority'] = 'error';
    });
    expect(reasonOf(body)).toBe('image.upload tells of no active image');
  });
});

test('an active image without a usable record is poison', () => {
  expect(read(withPayload({ id: '../x' }))).toEqual({
    kind: 'poison',
    reason: 'image.upload has no record of an image',
  });
});
