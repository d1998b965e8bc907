import { describe, expect, test } from 'vitest';
import { requireDefaultStore } from '../../../../lib/imports/request/stores.ts';
import { useGlance } from '../glance-of-its-own.ts';

const { signal } = new AbortController();
const refusal = (got: string) => ({
  code: 'bad-request',
  message: `The image goes to the default store, others cannot be chosen here (got ${got})`,
});

describe('at a Glance of several stores', () => {
  const use = useGlance({ furtherStores: ['s3'] });
  const ask = (body: object, header?: string) =>
    requireDefaultStore({ body, header }, use().glance, { signal });

  test.each([
    [{}, undefined],
    [{ all_stores: false }, undefined],
    [{ stores: [] }, undefined],
    [{ stores: null }, ''],
  ])('a request that names none is let pass, and Glance is not asked: %j', async (body, header) => {
    use().region.clearRequests();
    await ask(body, header);
    expect(use().region.requests()).toEqual([]);
  });

  test.each([
    [{ stores: ['files'] }, undefined],
    [{ stores: ['files', 'files'] }, undefined],
    [{}, 'files'],
    // openstacksdk says it twice.
    [{ stores: ['files'] }, 'files'],
  ])('one that names the default store is let pass: %j, header %s', async (body, header) => {
    use().region.clearRequests();
    await ask(body, header);
    expect(use().region.requests()).toMatchObject([{ method: 'GET', path: '/v2/info/stores' }]);
  });

  test.each([
    [{ all_stores: true }, undefined, 'all_stores'],
    [{ stores: ['s3'] }, undefined, 'stores: s3'],
    [{ stores: ['files', 's3'] }, undefined, 'stores: files, s3'],
    [{ stores: 'files' }, undefined, 'stores: files'], // Glance would look for f, i, l, …
    [{ stores: [['files']] }, undefined, 'stores: [["files"]]'],
    [{}, 's3', 'stores: s3'],
    [{ stores: ['files'] }, 's3', 'stores: files'],
    [{ stores: null }, 'files', 'stores: files'],
  ])('one that names another is refused: %j, header %s', async (body, header, got) => {
    await expect(ask(body, header)).rejects.toMatchObject(refusal(got));
  });
});

describe('at a Glance whose default store is the only one', () => {
  const use = useGlance({});

  test('all stores are that one', () =>
    requireDefaultStore({ body: { all_stores: true }, header: undefined }, use().glance, { signal }));

  test('another is refused', async () => {
    const wanted = { body: { all_stores: true, stores: ['s3'] }, header: undefined };
    await expect(requireDefaultStore(wanted, use().glance, { signal })).rejects.toMatchObject(
      refusal('all_stores'),
    );
  });

  test('all stores are that one beside a store that cannot be written to', () => {
    const stores = () =>
      Promise.resolve([
        { id: 'files', default: 'true' },
        { id: 'web', 'read-only': 'true' },
      ]);
    const wanted = { body: { all_stores: true }, header: undefined };
    return requireDefaultStore(wanted, { ...use().glance, stores }, { signal });
  });
});

describe('at a Glance of one store, which has no list', () => {
  const use = useGlance({ furtherStores: 'none' });

  test.each([[{ all_stores: true }], [{ stores: ['any'] }]])('names are passed by, as there: %j', (body) =>
    requireDefaultStore({ body, header: undefined }, use().glance, { signal }),
  );
});
