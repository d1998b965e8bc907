import { describe, expect, test } from 'vitest';
import {
  type Catalog,
  endpointNotFound,
  imageEndpoint,
  normaliseEndpoint,
} from '../../../lib/openstack/catalog.ts';

const on = (interfaceName: string, region: string, url: string) => ({
  interface: interfaceName,
  region,
  url,
});

const catalog: Catalog = [
  { type: 'identity', endpoints: [on('public', 'REGION1', 'http://keystone')] },
  { type: 'imagefoo', endpoints: [on('public', 'REGION1', 'http://not-glance')] },
  {
    type: 'image',
    endpoints: [
      on('internal', 'REGION1', 'http://internal1:9292'),
      on('public', 'REGION1', 'http://public1:9292/v2/'),
      on('public', 'REGION1', 'http://second1:9292'),
      { interface: 'public', region_id: 'Region2', url: 'http://public2/image' },
      { interface: 'public', region: null, region_id: null, url: 'http://nowhere' },
    ],
  },
  { type: 'image', endpoints: [on('admin', 'REGION3', 'http://admin3')] },
];

describe('the endpoint of the image service', () => {
  test.each([
    ['REGION1', 'public', 'http://public1:9292'],
    ['region1', 'internal', 'http://internal1:9292'],
    ['REGION2', 'public', 'http://public2/image'],
    ['REGION3', 'admin', 'http://admin3'],
  ])('of %s, %s, is %s', (region, name, url) => {
    expect(imageEndpoint(catalog, { region, interface: name })).toBe(url);
  });

  test.each([
    ['REGION9', 'public'],
    ['REGION2', 'admin'],
    ['REGION1', 'PUBLIC'],
    ['REGION1', 'publicURL'],
    ['REGION 1', 'public'],
  ])('of %s, %s, is not there', (region, name) => {
    expect(imageEndpoint(catalog, { region, interface: name })).toBeUndefined();
    expect(imageEndpoint([], { region, interface: name })).toBeUndefined();
  });

  test('of two regions that differ in upper and lower case alone is that of the one spelt so', () => {
    const endpoints = ['north', 'North'].map((region) => ({
      region,
      interface: 'public',
      url: `http://${region}`,
    }));
    const both = [{ type: 'image', endpoints }];
    const urlOf = (region: string) => imageEndpoint(both, { region, interface: 'public' });
    expect(['North', 'north', 'NORTH'].map(urlOf)).toEqual(['http://North', 'http://north', 'http://north']);
  });

  test('that is missing is told in the words of Glance', () => {
    const message = endpointNotFound({ region: 'REGION9', interface: 'public' });
    expect(message).toBe('public glance endpoint not found for region REGION9');
  });
});

test.each([
  ['http://h:9292', 'http://h:9292'],
  ['http://h:9292/', 'http://h:9292'],
  ['http://h:9292//', 'http://h:9292'],
  ['http://h:9292/v2', 'http://h:9292'],
  ['http://h:9292/v2/', 'http://h:9292'],
  ['http://h:9292/v2.17/', 'http://h:9292'],
  ['http://h/image', 'http://h/image'],
  ['http://h/image/v2/', 'http://h/image'],
  ['http://h/xv2', 'http://h/xv2'],
])('%s in a catalog means %s', (url, endpoint) => {
  expect(normaliseEndpoint(url)).toBe(endpoint);
});
