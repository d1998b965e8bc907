import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copiedProperties, isReserved } from '../../../lib/properties/copied.ts';
import { injectedProperties } from '../../../lib/properties/injected.ts';

/** Every attribute that Glance 25 and 2026.1 show of an image, with values that a prefix could catch. */
const base = {
  id: 'id',
  name: 'name',
  status: 'active',
  visibility: 'public',
  protected: false,
  owner: 'owner',
  tags: ['tag'],
  size: 1,
  virtual_size: null,
  checksum: 'md5',
  container_format: 'bare',
  disk_format: 'raw',
  created_at: 'then',
  updated_at: 'now',
  min_ram: 0,
  min_disk: 0,
  os_hash_algo: 'sha512',
  os_hash_value: 'abc',
  os_hidden: false,
  self: '/v2/images/id',
  file: '/v2/images/id/file',
  schema: '/v2/schemas/image',
  direct_url: 'file:///x',
  locations: [],
  stores: 'files',
};

const ownNames = [
  'hw_disk_bus',
  'trait:HW_CPU',
  'os_distro',
  'os_secure_boot',
  'os_type',
  'architecture',
  'x',
];
const own = Object.fromEntries(ownNames.map((name) => [name, `value of ${name}`]));
const specified = ['hw_', 'trait:', 'os_distro', 'os_secure_boot', 'os_type'];

describe('copied are', () => {
  test('the properties with one of the specified prefixes, and no others', () => {
    const names = Object.keys(copiedProperties({ ...base, ...own }, specified)).sort();
    expect(names).toEqual(['hw_disk_bus', 'os_distro', 'os_secure_boot', 'os_type', 'trait:HW_CPU']);
  });

  test('values as they are, empty ones too', () => {
    expect(copiedProperties({ ...base, hw_a: '', hw_b: ' ß/~ ' }, ['hw_'])).toEqual({
      hw_a: '',
      hw_b: ' ß/~ ',
    });
  });

  test('nothing without prefixes', () => {
    expect(copiedProperties({ ...base, ...own }, [])).toEqual({});
  });

  test('prefixes in their own case, at the start only', () => {
    expect(copiedProperties({ ...base, HW_a: '1', xhw_b: '2', hw: '3' }, ['hw_'])).toEqual({});
  });

  test.each(Object.keys(base))('never %s, not even where it is a prefix', (name) => {
    const image = { ...base, [name]: 'text' };
    expect(copiedProperties(image, [name])).toEqual({});
    expect(copiedProperties(image, ['', 'os_'])).toEqual({});
  });

  test.each([
    'os_glance',
    'os_glance_import_task',
    'os_glance_importing_to_stores',
    'os_glance_failed_import',
  ])('never %s, which Glance keeps to itself', (name) => {
    expect(isReserved(name)).toBe(true);
    expect(copiedProperties({ ...base, [name]: 'x' }, ['os_', ''])).toEqual({});
  });

  test('for any image and prefixes: own, of text, neither reserved nor of every image, and unchanged', () => {
    const name = fc.oneof(
      fc.constantFrom(...Object.keys(base), ...ownNames, 'os_glance_x', '__proto__'),
      fc.string(),
    );
    const image = fc.dictionary(name, fc.oneof(fc.string(), fc.integer(), fc.constant(null)));
    fc.assert(
      fc.property(image, fc.array(fc.oneof(fc.string({ maxLength: 3 }), name)), (more, prefixes) => {
        const source = { ...more, id: 'id', status: 'active' };
        const copied = copiedProperties(source, prefixes);
        for (const [key, value] of Object.entries(source)) {
          const isWanted =
            typeof value === 'string' &&
            !Object.hasOwn(base, key) &&
            !isReserved(key) &&
            prefixes.some((prefix) => key.startsWith(prefix));
          expect(Object.hasOwn(copied, key) ? [value] : [], key).toEqual(isWanted ? [value] : []);
        }
        expect(Object.keys(copied).every((key) => Object.hasOwn(source, key))).toBe(true);
      }),
    );
  });
});

describe('injected are', () => {
  const inject = { cdn: 'yes', os_distro: 'ours' };
  const by = (callerRoles: string[], ignoreUserRoles: string[]) =>
    injectedProperties(inject, { callerRoles, ignoreUserRoles });

  test('the properties of the operator', () => {
    expect(by(['member', 'reader'], ['admin'])).toEqual(inject);
    expect(by([], [])).toEqual(inject);
  });

  test('none for a caller with an ignored role', () => {
    expect(by(['member', 'admin'], ['admin', 'service'])).toEqual({});
    expect(by(['Admin'], ['admin'])).toEqual(inject);
  });

  test('never names that Glance keeps to itself', () => {
    const reserved = { os_glance_import_task: 'x', os_glancex: 'y', os_: 'z' };
    expect(injectedProperties(reserved, { callerRoles: [], ignoreUserRoles: [] })).toEqual({ os_: 'z' });
  });
});
