import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import type { Sealer } from '../../../../lib/imports/access/sealed-secrets.ts';
import type { Targets } from '../../../../lib/imports/access/targets.ts';
import { createEnabledMethods } from '../../../../lib/imports/request/enabled-methods.ts';
import { createRequestImport, type RequestServices } from '../../../../lib/imports/request/request-import.ts';
import {
  type ImageId,
  newTaskId,
  type RegionName,
  type RequestId,
  type Token,
} from '../../../../lib/schemas/ids.ts';
import { importRef } from '../../../../lib/state/refs.ts';
import { useLocalState } from '../../local-state.ts';
import { useGlance } from '../glance-of-its-own.ts';

const use = useLocalState();
const useTarget = useGlance({ furtherStores: ['fast'] });
const { signal } = new AbortController();
const region = 'Süd West' as RegionName;
const source = { glance_region: 'REGION1', glance_image_id: '22222222-2222-2222-2222-222222222222' };
const root = 'https://ferry.example';

/** A request, and what is wrong with it. */
interface Wrong {
  readonly image?: { readonly owner: string; readonly visibility: string };
  readonly method?: object;
  readonly store?: string;
  readonly isHeld?: boolean;
  readonly isActive?: boolean;
  readonly source?: FerryError;
}

let checkSource: ReturnType<typeof vi.fn<RequestServices['checkSource']>>;
beforeEach(() => {
  use().sent.length = 0;
  checkSource = vi.fn<RequestServices['checkSource']>(async () => undefined);
});

const request = async (wrong: Wrong = {}, more: Partial<RequestServices> & { endpoint?: string } = {}) => {
  const { image = {}, method = {}, store, isHeld, isActive } = wrong;
  const { endpoint = 'http://glance1', ...services } = more;
  const imageId = (await useTarget().region.createImage(image)).id as ImageId;
  const holder = { region, imageId, taskId: newTaskId() };
  if (isHeld) await use().claims.take(holder);
  if (isActive) useTarget().region.change(imageId, { status: 'active' });
  const failure = wrong.source;
  if (failure) checkSource.mockRejectedValue(failure);
  const endpoints = [{ region: 'REGION1', interface: 'public', url: endpoint }];
  const catalog = [{ type: 'image', endpoints }];
  const identity = { userId: 'u', projectId: 'p', roles: ['member'], catalog, expiresAtMs: 0 };
  const caller: Targets['caller'] = async () => ({ identity, region, target: useTarget().glance });
  const requestImport = createRequestImport({
    ...use(),
    targets: { caller } as Targets,
    sealer: { seal: async () => 'sealed' } as unknown as Sealer,
    enabledMethods: createEnabledMethods(['glance-download']),
    findSourceCloud: async () => undefined,
    checkSource,
    contract: 'ferry',
    activation: 'upload',
    ...services,
  });
  const body = JSON.stringify({ method: { name: 'glance-download', ...source, ...method } });
  const asked = { imageId, body, store, root, token: 't' as Token, requestId: 'req-1' as RequestId, signal };
  const task = await requestImport(asked).catch((error: unknown) => {
    expect(use().sent).toEqual([]);
    throw error;
  });
  return { task, imageId };
};

test('an import is claimed, kept and queued for its image in its region', async () => {
  const { task, imageId } = await request();
  expect(task).toMatchObject({ region, imageId, status: 'pending', sealed: 'sealed' });
  expect(use().sent).toEqual([{ to: 'stream-image', message: importRef(task) }]);
  expect(await use().claims.holder({ region, imageId })).toBe(task.taskId);
  expect(await use().claims.holder({ region: 'REGION2' as RegionName, imageId })).toBeUndefined();
});

/** In the order of Glance's checks. */
const wrongs: readonly (readonly [what: string, wrong: Wrong, message: RegExp])[] = [
  ['the target is active', { isActive: true }, /^Image with status active cannot be target/],
  [
    'the source has no id',
    { method: { glance_image_id: 'x' } },
    /^Remote image id does not look like a UUID/,
  ],
  [
    'the caller may not modify the target',
    { image: { owner: 'other', visibility: 'public' } },
    /^You do not own this image$/,
  ],
  ['another import has the target', { isHeld: true }, /^Image has active task$/],
  ['another store is asked for', { store: 'fast' }, /^The image goes to the default store/],
  [
    'the source is refused',
    { source: new FerryError('bad-request', 'there is no such source') },
    /^there is no such source$/,
  ],
];

describe('a request is refused', () => {
  test.each(wrongs)('because %s', async (_, wrong, message) => {
    await expect(request(wrong)).rejects.toThrow(message);
  });

  const pairs = wrongs.flatMap((one, index) => wrongs.slice(index + 1).map((other) => [one, other] as const));
  test.each(pairs.map(([one, other]) => [one[0], other[0], one, other] as const))(
    'because %s, though %s as well',
    async (_, __, [, first, message], [, second]) => {
      await expect(request({ ...second, ...first })).rejects.toThrow(message);
    },
  );

  test('by a target that is looked at while the source is asked already', async () => {
    await expect(request({ isActive: true })).rejects.toThrow();
    expect(checkSource).toHaveBeenCalledOnce();
  });
});

describe('a source that is this deployment', () => {
  test.each(['ferry', 'glance'] as const)('is refused at once, by contract %s', async (contract) => {
    const image = { disk_format: 'raw', container_format: 'bare' };
    for (const endpoint of [root, `${root}/regions/REGION1`])
      await expect(request({ image } as unknown as Wrong, { contract, endpoint })).rejects.toMatchObject({
        code: 'bad-request',
        message: expect.stringContaining("'glance_service_interface'"),
      });
    expect(checkSource).not.toHaveBeenCalled();
  });
});
