import { describe, expect, test } from 'vitest';
import { duration, names, property } from '../../../cli/call/options.ts';

describe('a time', () => {
  test.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['24d', 24 * 86_400_000],
  ])('%s', (text, ms) => expect(duration(text)).toBe(ms));

  test.each(['', '0', '-1', '1w', '1 h', 'h', '1e3', '0.0s', '99999999999'])('%j is none', (text) => {
    expect(() => duration(text)).toThrow('It is a time such as');
  });

  test('that is longer than a timer runs is refused, instead of ending at once', () => {
    for (const text of ['25d', '30d', '999999999s']) expect(() => duration(text)).toThrow('at most 24d');
  });
});

test('regions are listed, once each, in the order in which they are named', () => {
  expect(names('C, A,C', ['B'])).toEqual(['B', 'C', 'A']);
  for (const text of ['', 'A,', ',A']) expect(() => names(text)).toThrow('It is a list of names');
});

test('a property is a name and whatever stands behind the first =', () => {
  expect(property('b=1=2', { a: 'x' })).toEqual({ a: 'x', b: '1=2' });
  expect(property('a=')).toEqual({ a: '' });
  for (const text of ['a', '=a', '']) expect(() => property(text)).toThrow('It is a property');
  expect(() => property('visibility=public')).toThrow('visibility is an attribute that every image has');
  expect(() => property('ferry_policy=x')).toThrow('a property cannot be called ferry_policy');
});
