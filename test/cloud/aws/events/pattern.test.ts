import { describe, expect, test } from 'vitest';
import { type EventPattern, eventMatcher } from './pattern.ts';

const event = {
  source: 'glance-ferry',
  'detail-type': 'Image Import State Change',
  detail: { state: 'success', region: 'REGION2', bytes: 42, source: null, tags: ['a', 'b'], isKept: false },
};

const matching: readonly (readonly [what: string, pattern: EventPattern])[] = [
  ['no field', {}],
  ['one of the values', { source: ['other', 'glance-ferry'] }],
  ['fields within', { detail: { state: ['success'], region: ['REGION2'] } }],
  ['a number, null and false', { detail: { bytes: [42], source: [null], isKept: [false] } }],
  ['one of a list', { detail: { tags: ['b'] } }],
  ['prefix', { detail: { region: [{ prefix: 'REG' }] } }],
  ['suffix', { detail: { region: [{ suffix: '2' }] } }],
  ['wildcard', { detail: { region: [{ wildcard: 'R*ON*' }] } }],
  ['equals-ignore-case', { detail: { region: [{ 'equals-ignore-case': 'region2' }] } }],
  ['anything-but a value', { detail: { state: [{ 'anything-but': 'failure' }] } }],
  ['anything-but a list', { detail: { state: [{ 'anything-but': ['failure', 'pending'] }] } }],
  ['anything-but a prefix', { detail: { state: [{ 'anything-but': { prefix: 'fail' } }] } }],
  ['numeric', { detail: { bytes: [{ numeric: ['>', 0, '<=', 42] }] } }],
  ['exists', { detail: { state: [{ exists: true }] } }],
  ['exists: false', { detail: { reason: [{ exists: false }] } }],
  ['a value or its absence', { detail: { reason: ['because', { exists: false }] } }],
];

const refusing: readonly (readonly [what: string, pattern: EventPattern])[] = [
  ['another value', { source: ['other'] }],
  ['one of two fields', { source: ['glance-ferry'], detail: { state: ['failure'] } }],
  ['a number as text', { detail: { bytes: ['42'] } }],
  ['a wildcard that is no regular expression', { detail: { region: [{ wildcard: 'REGION.' }] } }],
  ['anything-but of what is absent', { detail: { reason: [{ 'anything-but': 'x' }] } }],
  ['exists of an object, which is no leaf', { detail: [{ exists: true }] }],
  ['exists: false of what is there', { detail: { state: [{ exists: false }] } }],
  ['a field within a text', { source: { region: ['REGION2'] } }],
  ['a number out of range', { detail: { bytes: [{ numeric: ['<', 42] }] } }],
];

describe('an event pattern', () => {
  test.each(matching)('matches by %s', (_what, pattern) => {
    expect(eventMatcher(pattern)(event)).toBe(true);
  });

  test.each(refusing)('does not match by %s', (_what, pattern) => {
    expect(eventMatcher(pattern)(event)).toBe(false);
  });

  test.each<readonly [EventPattern, string]>([
    [{ source: 'glance-ferry' }, 'neither a list nor an object'],
    [{ source: [{ cidr: '10.0.0.0/8' }] }, 'Not a filter: {"cidr"'],
    [{ detail: { bytes: [{ numeric: ['~', 1] }] } }, 'Not a numeric filter'],
  ])('%j is refused', (pattern, message) => {
    expect(() => eventMatcher(pattern)).toThrow(message);
  });
});
