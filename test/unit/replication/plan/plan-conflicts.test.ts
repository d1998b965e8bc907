import { describe, expect, test } from 'vitest';
import { retirementDefaults } from '../../../../lib/replication/policy/defaults.ts';
import type { OnConflict, Policy } from '../../../../lib/replication/policy/policy.ts';
import { dayMs, image, imageId, noon } from '../images.ts';
import { planned, replica } from './planned.ts';

const one = image();
const before = image({ id: imageId('b4'), createdAtMs: noon - 9 * dayMs });
/** Somebody's own image under the same name. */
const stranger = image({ id: imageId('x'), owner: 'them', ...(one.hash && { hash: one.hash }) });

const byName = (onConflict: OnConflict, parts: Partial<Policy> = {}): Partial<Policy> => ({
  identity: 'name',
  onConflict,
  retirement: retirementDefaults,
  ...parts,
});

describe('a name that an image of ours has, with other bytes', () => {
  test.each<[OnConflict, readonly string[]]>([
    [
      'error',
      [
        "skip a as an error: replica r-b4 has its name and other bytes: the policy's onConflict does not say what to do",
      ],
    ],
    ['keep', ['skip a: replica r-b4 has its name and other bytes, and is kept']],
    ['replace', ['copy a']],
    ['rename', ['copy a']],
  ])('%s', (onConflict, changes) => {
    expect(planned(byName(onConflict), [one], [replica(before)])).toEqual(changes);
  });

  test('is free where the old one is hidden, or was renamed with its source', () => {
    expect(planned(byName('error'), [one], [replica(before, { isHidden: true })])).toEqual(['copy a']);
    const renamed = { ...before, name: 'Debian 13 (20261117)' };
    expect(planned(byName('error'), [one, renamed], [replica(before)])).toEqual(['copy a']);
  });

  test('is free as well where a policy is asked for this image alone, and knows of the other', () => {
    const renamed = { ...before, name: 'Debian 13 (20261117)' };
    const asked = { select: { imageId: 'a' } };
    expect(planned(byName('error', asked), [one, renamed], [replica(before)])).toEqual(['copy a']);
    expect(planned(byName('error', asked), [one], [replica(before)])).toEqual([
      "skip a as an error: replica r-b4 has its name and other bytes: the policy's onConflict does not say what to do",
    ]);
    // Its name is its source's to take, not the request's.
    expect(planned(byName('rename', asked), [one, renamed], [replica(one), replica(before)])).toEqual([]);
  });

  test('is no conflict where names do not matter', () => {
    expect(planned({ identity: 'provenance' }, [one], [replica(before)])).toEqual(['copy a']);
    expect(planned({ identity: 'id' }, [one], [replica(before)])).toEqual(['copy a']);
  });

  test('is the newer one, where a request for an older image comes late', () => {
    const late = byName('replace', { select: { imageId: 'b4' } });
    const newer = ['skip b4: image a of the same name is newer'];
    expect(planned(late, [before, one], [replica(one)])).toEqual(newer);
    // Or before that is there.
    expect(planned(late, [before, one])).toEqual(newer);
    expect(planned({ ...late, name: '' }, [before], [replica(one, {}, { policy: '' })])).toEqual([
      'skip b4: replica r-a of a newer image has its name',
    ]);
    // The newer one was taken back.
    expect(planned(late, [before], [replica(one)])).toEqual(['copy b4']);
  });
});

describe('an older image whose import ends after that of a newer one of its name', () => {
  const there = [replica(before, { visibility: 'private' }), replica(one)];
  const reason = 'replica r-a of a newer image has its name';
  const asked = { select: { imageId: 'b4' } };

  test.each<OnConflict>(['error', 'keep', 'rename', 'replace'])(
    'is not published beside it (%s): who has asked for it is told',
    (onConflict) => {
      const changes = planned(byName(onConflict, asked), [before, one], there);
      expect(changes).toContain(`skip r-b4: ${reason}`);
      expect(changes.filter((line) => line.startsWith('publish'))).toEqual([]);
      const { retirement: _, ...request } = { ...byName(onConflict, asked), name: '' };
      const made = there.map((image) =>
        replica(image.id === 'r-a' ? one : before, { ...image }, { policy: '' }),
      );
      expect(planned(request, [before], made)).toEqual([`skip r-b4: ${reason}`]);
    },
  );

  test('is published where the newer one was taken back', () => {
    const hidden = { ...one, isHidden: true };
    expect(planned(byName('keep', asked), [before, hidden], there)).toEqual(['publish r-b4 public']);
  });
});

describe('two public images of one name, of which a policy has neither go,', () => {
  const there = [replica(before), replica(one)];
  const reason = 'replica r-a of a newer image has its name';

  test('are a conflict (error), or kept (keep), and told, whether the older source is still there or not', () => {
    for (const source of [[one, before], [one]]) {
      expect(planned(byName('error'), source, there)).toEqual([`skip r-b4 as an error: ${reason}`]);
      expect(planned(byName('keep'), source, there)).toEqual([`skip r-b4: ${reason}`]);
    }
  });

  test('are none of the business of a message about the newer one', () => {
    expect(planned(byName('error', { select: { imageId: 'a' } }), [one, before], there)).toEqual([]);
  });

  test('are no conflict where the older one is hidden, private or called otherwise', () => {
    for (const facts of [{ isHidden: true }, { visibility: 'private' as const }, { name: 'old' }])
      expect(planned(byName('error'), [one, before], [replica(before, facts), replica(one)])).toEqual([]);
  });
});

describe('a name that an image without our mark has', () => {
  test.each<[OnConflict, string]>([
    ['error', 'skip a as an error: of the same name is image x there, which carries no mark of ours'],
    ['keep', 'skip a: of the same name is image x there, which is kept'],
    [
      'replace',
      'skip a as an error: of the same name is image x there, which carries no mark of ours, so that public never touches it',
    ],
    [
      'rename',
      'skip a as an error: of the same name is image x there, which carries no mark of ours, so that public never touches it',
    ],
  ])('%s', (onConflict, line) => {
    const other = { ...stranger, hash: { algorithm: 'sha512', value: 'other' } };
    expect(planned(byName(onConflict), [one], [other])).toEqual([line]);
  });

  test('is its replica in all but the mark, where the bytes are the same', () => {
    expect(planned(byName('error'), [one], [stranger])).toEqual([
      'skip a: image x there has its name and bytes without our mark, and is left as it is',
    ]);
  });

  test("is as good as another policy's", () => {
    const theirs = replica(before, {}, { policy: 'other' });
    expect(planned(byName('replace'), [one], [theirs])).toEqual([
      "skip a as an error: of the same name is image r-b4 there, which is not this policy's, so that public never touches it",
    ]);
  });

  test.each([
    ['hidden', { isHidden: true }],
    ["somebody's private one", { visibility: 'private' as const }],
    ['without bytes', { status: 'queued' }],
  ])('is free where that is %s', (_, facts) => {
    expect(planned(byName('error'), [one], [{ ...stranger, ...facts }])).toEqual(['copy a']);
  });
});

describe('an id that an image without our mark has, with other bytes', () => {
  const other = image({ owner: 'them', hash: { algorithm: 'sha512', value: 'other' } });
  test.each<[OnConflict, string]>([
    ['error', 'skip a as an error: of the same id is image a there, which carries no mark of ours'],
    ['keep', 'skip a: of the same id is image a there, which is kept'],
  ])('%s', (onConflict, line) => {
    expect(planned({ identity: 'id', onConflict }, [one], [other])).toEqual([line]);
  });
});
