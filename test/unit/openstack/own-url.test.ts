import { describe, expect, test } from 'vitest';
import { isOurs, requireTheirSource, requireTheirs } from '../../../lib/openstack/own-url.ts';

const root = 'https://ferry.example';

describe('an endpoint of the catalog is this deployment', () => {
  test.each([
    ['at its root', 'https://ferry.example', root],
    ['with a slash at its end', 'https://ferry.example/', root],
    ['in upper case', 'HTTPS://Ferry.Example', root],
    ['with the port that https means', 'https://ferry.example:443', root],
    ['where the request had that port', 'https://ferry.example', 'http://ferry.example:443'],
    ['where TLS ends before us', 'https://ferry.example', 'http://ferry.example'],
    ['below a region', 'https://ferry.example/regions/REGION3', root],
    ['below a region of an odd name', 'https://ferry.example/regions/S%C3%BCd%20West', root],
    ['on a port of its own', 'http://127.0.0.1:3000/regions/REGION3', 'http://127.0.0.1:3000'],
    ['in IPv6', 'http://[::1]:3000', 'http://[::1]:3000'],
  ])('%s', (_, endpoint, asked) => {
    expect(isOurs(endpoint, asked)).toBe(true);
  });
});

describe('an endpoint of the catalog is somebody else', () => {
  test.each([
    ['on another host', 'https://glance.example', root],
    ['on another port', 'https://ferry.example:9292', root],
    ['on another path of our host', 'https://ferry.example/image', root],
    ['on a path that only begins like ours', 'https://ferry.example/regionsX/A', root],
    ['where nobody knows where we are', 'https://ferry.example', undefined],
    ['where it is no URL', 'ferry.example', root],
  ])('%s', (_, endpoint, asked) => {
    expect(isOurs(endpoint, asked)).toBe(false);
  });
});

test('a target that is this deployment is the operator’s mistake, and says the way out', () => {
  const target = { region: 'REGION2', interface: 'public', endpoint: root };
  expect(() => requireTheirs(target, root)).toThrow(
    expect.objectContaining({
      code: 'misconfigured',
      message: expect.stringMatching(/public image endpoint of region REGION2 .* OS_INTERFACE=internal/),
    }),
  );
  requireTheirs({ ...target, endpoint: 'https://glance.example' }, root);
});

test('a source that is this deployment is the request’s mistake, and says the way out', () => {
  const source = { region: 'REGION1', interface: 'public', endpoint: `${root}/regions/REGION1` };
  expect(() => requireTheirSource(source, root)).toThrow(
    expect.objectContaining({
      code: 'bad-request',
      message: expect.stringMatching(/region REGION1 .* 'glance_service_interface' .* internal/),
    }),
  );
  requireTheirSource({ ...source, endpoint: 'https://glance.example' }, root);
});
