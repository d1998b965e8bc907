import { afterEach, describe, expect, test, vi } from 'vitest';
import { createEnabledMethods } from '../../../../lib/imports/request/enabled-methods.ts';
import { useGlance } from '../glance-of-its-own.ts';

const { signal } = new AbortController();
const unknown = (method: string) => ({
  code: 'bad-request',
  message: `Unknown import method name '${method}'.`,
});
afterEach(() => {
  vi.useRealTimers();
});

describe('where the operator names no methods', () => {
  describe.each([
    ['as upstream’s default', ['glance-direct', 'web-download', 'copy-image'], true],
    ['without web-download', ['glance-direct', 'copy-image'], false],
    ['switched off', [], false],
  ])('and those of the target are %s', (_, importMethods, hasWeb) => {
    const use = useGlance({ importMethods });

    test(`glance-download is enabled, web-download is ${hasWeb ? 'too' : 'not'}`, async () => {
      const methods = createEnabledMethods(undefined);
      const web = hasWeb ? ['web-download'] : [];
      expect(await methods.list(use().glance, { signal })).toEqual(['glance-download', ...web]);
      await methods.require('glance-download', use().glance, { signal });
      const asked = methods.require('web-download', use().glance, { signal });
      if (hasWeb) await asked;
      else await expect(asked).rejects.toMatchObject(unknown('web-download'));
    });
  });

  describe('the target', () => {
    const use = useGlance({});
    const looks = () => use().region.requests().length;

    test('is asked for a web-download alone, and once in five minutes', async () => {
      const methods = createEnabledMethods(undefined);
      use().region.clearRequests();
      await methods.require('glance-download', use().glance, { signal });
      expect(looks()).toBe(0);
      vi.useFakeTimers({ toFake: ['Date'] });
      for (let count = 0; count < 3; count += 1)
        await methods.require('web-download', use().glance, { signal });
      expect(looks()).toBe(1);
      vi.advanceTimersByTime(5 * 60_000);
      await methods.require('web-download', use().glance, { signal });
      expect(looks()).toBe(2);
    });

    test('is looked at for each region by itself, and two hundred are remembered', async () => {
      const methods = createEnabledMethods(undefined);
      const { glance } = use();
      const asked: string[] = [];
      const of = (endpoint: string) => ({
        ...glance,
        endpoint,
        importMethods: async () => {
          asked.push(endpoint);
          return endpoint === 'http://open' ? ['web-download'] : [];
        },
      });
      for (let round = 0; round < 2; round += 1) {
        await methods.require('web-download', of('http://open'), { signal });
        const refused = methods.require('web-download', of('http://closed'), { signal });
        await expect(refused).rejects.toMatchObject(unknown('web-download'));
      }
      expect(asked).toEqual(['http://open', 'http://closed']);
      for (let number = 0; number < 199; number += 1)
        await methods.list(of(`http://glance${number}`), { signal });
      asked.length = 0;
      await methods.list(of('http://closed'), { signal });
      await methods.list(of('http://open'), { signal });
      expect(asked).toEqual(['http://open']);
    });

    test('that cannot be asked is asked again at the next request', async () => {
      const methods = createEnabledMethods(undefined);
      const { glance } = use();
      const importMethods = vi
        .fn<typeof glance.importMethods>(glance.importMethods)
        .mockRejectedValueOnce(new Error('away'));
      const flaky = { ...glance, importMethods };
      await expect(methods.require('web-download', flaky, { signal })).rejects.toThrow('away');
      await methods.require('web-download', flaky, { signal });
    });
  });
});

describe('where the operator names methods, they count, and the target is not asked', () => {
  const use = useGlance({ importMethods: ['web-download'] });

  test.each([
    [['glance-download'], ['glance-download']],
    [['web-download', 'copy-image'], ['web-download']],
    [[], []],
  ])('%j', async (named, enabled) => {
    const methods = createEnabledMethods(named);
    use().region.clearRequests();
    expect(await methods.list(use().glance, { signal })).toEqual(enabled);
    for (const method of ['glance-download', 'web-download'] as const) {
      const asked = methods.require(method, use().glance, { signal });
      if (enabled.includes(method)) await asked;
      else await expect(asked).rejects.toMatchObject(unknown(method));
    }
    expect(use().region.requests()).toEqual([]);
  });
});
