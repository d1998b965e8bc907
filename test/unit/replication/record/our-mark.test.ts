import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import { markOf, projectThere } from '../../../../lib/replication/record/our-mark.ts';
import { image, imageId, north, south, west } from '../images.ts';

// Whose mark counts, for all combinations of who has the image, what it says, what it is, and what is known of its source.

const projects = { tenant: 'theirs', another: 'others' };
const keepers = { own: 'ours', projects };
const hash = { algorithm: 'sha512', value: 'of-the-source' };
const { hash: _, ...bare } = image();

const cases = {
  owner: ['ours', 'theirs', 'others', 'mallory', 'tenant', ''],
  isMarked: [true, false],
  sourceRegion: [south, west],
  bytes: [hash, { ...hash, value: 'forged' }, { ...hash, algorithm: 'md5' }, undefined],
  status: ['queued', 'importing', 'active', 'deactivated'],
  sourceOwner: ['tenant', 'another', 'nobody', 'constructor', undefined],
  sourceBytes: [hash, undefined],
  areMarksReserved: [false, true],
} as const;
type Case = { readonly [Key in keyof typeof cases]: (typeof cases)[Key][number] };

const all = Object.entries(cases).reduce<readonly Record<string, unknown>[]>(
  (sofar, [name, values]) => sofar.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
  [{}],
) as unknown as readonly Case[];

const sourceIn = ({ sourceOwner, sourceBytes }: Case): ImageFacts | undefined =>
  sourceOwner === undefined
    ? undefined
    : { ...bare, id: imageId('s'), owner: sourceOwner, ...(sourceBytes && { hash: sourceBytes }) };

const imageIn = ({ owner, isMarked, sourceRegion, bytes, status }: Case): ImageFacts => ({
  ...bare,
  ...{ region: north, id: imageId('r'), owner, status },
  ...(bytes && { hash: bytes }),
  ...(isMarked && {
    provenance: {
      ...{ sourceRegion, sourceId: imageId('s'), sourceHash: 'sha512:of-the-source', sourceCreatedAt: '' },
      ...{ policy: 'public', family: 'Debian 13' },
    },
  }),
});

const kindOf = (one: Case) => {
  const source = sourceIn(one);
  const sourceOf = (id: string) => (source?.id === id ? source : undefined);
  return markOf(imageIn(one), { ...keepers, areMarksReserved: one.areMarksReserved }, sourceOf).kind;
};

const isGiven = ({ owner, sourceOwner }: Case): boolean =>
  (sourceOwner === 'tenant' && owner === 'theirs') || (sourceOwner === 'another' && owner === 'others');

const isNamed = ({ owner }: Case): boolean => ['theirs', 'others'].includes(owner);

describe('of all combinations, an image carries our mark', () => {
  test.each(cases.owner)(
    'as project %s has it, where it says so and that project cannot gain by it',
    (owner) => {
      for (const one of all.filter((each) => each.owner === owner)) {
        const isProven =
          isGiven(one) && one.sourceRegion === south && one.bytes === hash && one.sourceBytes === hash;
        expect(kindOf(one) === 'ours', JSON.stringify(one)).toBe(
          one.isMarked && (owner === 'ours' || isProven || (one.areMarksReserved && isNamed(one))),
        );
      }
    },
  );

  test('never by what another project can write: other bytes are not ours, whatever it says', () => {
    const words = fc.record({
      name: fc.string(),
      family: fc.string(),
      hash: fc.string(),
      policy: fc.string(),
    });
    fc.assert(
      fc.property(fc.constantFrom(...all), words, (one, said) => {
        const source = sourceIn(one);
        const claimed = imageIn({ ...one, isMarked: true, bytes: { ...hash, value: 'forged' } });
        if (!claimed.provenance) throw new Error('it says nothing');
        const { family, policy } = said;
        const forged: ImageFacts = {
          ...{ ...claimed, name: said.name },
          provenance: { ...claimed.provenance, family, policy, sourceHash: said.hash },
        };
        const mark = markOf(forged, keepers, () => source);
        expect(mark.kind === 'ours').toBe(one.owner === 'ours');
      }),
    );
  });

  test('and people are told of what a project says that has replicas of ours, of nobody else', () => {
    for (const one of all) {
      const isTold = one.isMarked && isNamed(one);
      const kind = kindOf(one);
      if (kind !== 'ours') expect(kind, JSON.stringify(one)).toBe(isTold ? 'unproven' : 'none');
    }
  });
});

test.each([
  [{ bytes: { ...hash, value: 'forged' } }, 'and does not have its bytes'],
  [{ sourceOwner: 'another' }, "whose replicas are not that project's"],
  [{ sourceOwner: undefined }, 'which is gone: nothing proves that it is ours'],
] as const)('it is said why %j proves nothing', (part, reason) => {
  const start: Case = {
    ...{ owner: 'theirs', isMarked: true, sourceRegion: south, bytes: hash, status: 'active' },
    ...{ sourceOwner: 'tenant', sourceBytes: hash, areMarksReserved: false },
  };
  const one: Case = { ...start, ...part };
  expect(kindOf(start)).toBe('ours');
  expect(markOf(imageIn(one), keepers, () => sourceIn(one))).toEqual({
    kind: 'unproven',
    reason: expect.stringContaining(`image r of project theirs says that it is a replica of s, ${reason}`),
  });
});

test('a project that the table does not name is nobody there', () => {
  expect(projectThere(projects, 'tenant')).toBe('theirs');
  expect(projectThere(projects, 'constructor')).toBeUndefined();
});
