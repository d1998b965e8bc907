import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PatchOperation } from '../../../lib/openstack/glance/glance.ts';
import {
  changesTo,
  mergeChanges,
  patchFor,
  planChanges,
  rollbackPatch,
} from '../../../lib/properties/changes.ts';
import type { GlanceImage } from '../../../lib/schemas/openstack.ts';

const image = (own: Readonly<Record<string, unknown>> = {}): GlanceImage => ({
  ...own,
  id: 'id',
  status: 'queued',
});

/** What Glance makes of a PATCH (application/openstack-images-v2.1-json-patch): strict about what is there. */
const applyPatch = (target: GlanceImage, operations: readonly PatchOperation[]): GlanceImage => {
  const patched = new Map(Object.entries(target));
  for (const operation of operations) {
    const name = operation.path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
    expect(operation.path.slice(1), 'one step').not.toContain('/');
    if (operation.op !== 'add') expect(patched.has(name), `${operation.op} ${name}`).toBe(true);
    if (operation.op === 'remove') patched.delete(name);
    else patched.set(name, operation.value);
  }
  return Object.fromEntries(patched) as GlanceImage;
};

describe('a PATCH', () => {
  test('sets what is missing or differs, and leaves alone what is right already', () => {
    const target = image({ disk_format: null, os_distro: 'other', os_type: 'linux' });
    const wanted = { disk_format: 'raw', os_distro: 'debian', os_type: 'linux', hw_disk_bus: 'scsi' };
    const changes = changesTo(target, wanted);
    expect(changes).toEqual({
      disk_format: { was: null, set: 'raw' },
      os_distro: { was: 'other', set: 'debian' },
      hw_disk_bus: { was: undefined, set: 'scsi' },
    });
    expect(patchFor(changes)).toEqual([
      { op: 'add', path: '/disk_format', value: 'raw' },
      { op: 'add', path: '/os_distro', value: 'debian' },
      { op: 'add', path: '/hw_disk_bus', value: 'scsi' },
    ]);
  });

  test.each([
    ['a/b', '/a~1b'],
    ['a~b', '/a~0b'],
    ['~1', '/~01'],
    ['/', '/~1'],
    ['trait:HW_CPU_X86_VMX', '/trait:HW_CPU_X86_VMX'],
  ])('writes the name %j as %j', (name, path) => {
    const changes = changesTo(image(), { [name]: 'x' });
    expect(patchFor(changes)).toEqual([{ op: 'add', path, value: 'x' }]);
  });

  test('takes a name that every object has for a property like any other', () => {
    const changes = changesTo(image(), { toString: 'x', constructor: 'y' });
    expect(patchFor(changes).map(({ op }) => op)).toEqual(['add', 'add']);
    expect(rollbackPatch(image(), changes)).toEqual([]);
  });

  test('of nothing is empty', () => {
    expect(patchFor(changesTo(image({ a: 'x' }), { a: 'x' }))).toEqual([]);
  });
});

const names = fc.oneof(
  fc.constantFrom('disk_format', 'hw_a', 'a/b', 'a~b', '~1', 'toString'),
  fc.string({ minLength: 1 }).filter((name) => !['id', 'status', '__proto__'].includes(name)),
);
const before = fc.dictionary(names, fc.oneof(fc.string(), fc.constant(null)));
const wanted = fc.dictionary(names, fc.string());
/** As the changes come out of the table: what was undefined is left out. */
const stored = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('for any image and any wish', () => {
  test('the PATCH makes the wish true and touches nothing else', () => {
    fc.assert(
      fc.property(before, wanted, (own, wish) => {
        const target = image(own);
        expect(applyPatch(target, patchFor(changesTo(target, wish)))).toEqual({ ...target, ...wish });
      }),
    );
  });

  test('the PATCH back makes the image what it was', () => {
    fc.assert(
      fc.property(before, wanted, (own, wish) => {
        const target = image(own);
        const changes = changesTo(target, wish);
        const changed = applyPatch(target, patchFor(changes));
        expect(applyPatch(changed, rollbackPatch(changed, stored(changes)))).toEqual(target);
      }),
    );
  });

  test('the PATCH back keeps what the user has changed, added or removed since', () => {
    const edits = fc.dictionary(
      names,
      fc.option(
        fc.string().map((text) => `user's ${text}`),
        { nil: undefined },
      ),
    );
    fc.assert(
      fc.property(before, wanted, edits, (own, wish, edit) => {
        const target = image(own);
        const changes = changesTo(target, wish);
        const merged = { ...applyPatch(target, patchFor(changes)), ...edit };
        const edited = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
        const result = applyPatch(
          edited as GlanceImage,
          rollbackPatch(edited as GlanceImage, stored(changes)),
        );
        for (const [name, value] of Object.entries(edit)) {
          if (value !== wish[name])
            expect(Object.hasOwn(result, name) ? result[name] : undefined).toBe(value);
        }
        for (const name of Object.keys(target).filter((key) => !Object.hasOwn(edit, key)))
          expect(result[name]).toBe(target[name]);
      }),
    );
  });

  test('rolling back twice, or before anything was set, changes nothing', () => {
    fc.assert(
      fc.property(before, wanted, (own, wish) => {
        const target = image(own);
        expect(rollbackPatch(target, changesTo(target, wish))).toEqual([]);
      }),
    );
  });
});

describe('a second try', () => {
  const names = fc.constantFrom('hw_a', 'hw_b', 'hw_c', 'os_type');
  const values = fc.constantFrom('1', '2', '3');
  const properties = fc.dictionary(names, values);
  const own = (target: GlanceImage) => Object.fromEntries(Object.entries(target));

  test('with another source record sets that, and can be rolled back to what was before the first try', () => {
    fc.assert(
      fc.property(properties, properties, properties, (before, first, second) => {
        const target = image(before);
        const one = planChanges(target, first);
        const afterOne = applyPatch(target, one.operations);
        const two = planChanges(afterOne, second, one.changes);
        const afterTwo = applyPatch(afterOne, two.operations);
        expect(own(afterTwo)).toEqual(own(applyPatch(target, patchFor(changesTo(target, second)))));
        expect(own(applyPatch(afterTwo, rollbackPatch(afterTwo, two.changes)))).toEqual(own(target));
      }),
    );
  });

  test('whose PATCH is refused can be rolled back, with what it was to drop', () => {
    const one = planChanges(image(), { hw_b: '1' });
    const target = applyPatch(image(), one.operations);
    const two = planChanges(target, { hw_a: '1' }, one.changes);
    expect(rollbackPatch(target, two.changes)).toEqual([{ op: 'remove', path: '/hw_b' }]);
  });

  test('of another import takes over what was there before the first', () => {
    const first = { hw_a: { was: 'old', set: '1' }, hw_b: { set: '1' } };
    const second = { hw_a: { was: '1', set: '2' }, hw_c: { set: '3' } };
    expect(mergeChanges([first, second])).toEqual({
      hw_a: { was: 'old', set: '2' },
      hw_b: { set: '1' },
      hw_c: { set: '3' },
    });
  });

  test('after a source that gained a property rolls both back', () => {
    const one = planChanges(image(), { hw_a: '1' });
    const target = applyPatch(image(), one.operations);
    const two = planChanges(target, { hw_a: '1', hw_b: '2' }, one.changes);
    expect(rollbackPatch(applyPatch(target, two.operations), two.changes)).toEqual([
      { op: 'remove', path: '/hw_b' },
      { op: 'remove', path: '/hw_a' },
    ]);
  });

  test('keeps what the owner has changed since the first one', () => {
    const one = planChanges(image({ hw_a: 'old' }), { hw_a: '1' });
    const changed = image({ hw_a: 'the owner’s' });
    const two = planChanges(changed, { hw_a: '1' }, one.changes);
    const after = applyPatch(changed, two.operations);
    expect(after).toMatchObject({ hw_a: '1' });
    expect(applyPatch(after, rollbackPatch(after, two.changes))).toMatchObject({ hw_a: 'the owner’s' });
  });
});
