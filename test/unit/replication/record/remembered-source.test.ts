import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wantedReplica } from '../../../../lib/replication/plan/wanted-replica.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import { provenanceProperties } from '../../../../lib/replication/record/provenance.ts';
import {
  rememberedSource,
  rememberedText,
  unfinishedName,
} from '../../../../lib/replication/record/remembered-source.ts';
import { image, imageId, north, policy, south } from '../images.ts';
import { inventories, policies } from '../worlds.ts';

const targetOf = ({ targets: [target] }: Policy) => target ?? { region: north, projects: {} };

const wantedOf = (source: ImageFacts, of: Policy) => {
  const { isSynced: _, ...wanted } = wantedReplica({ ...source, region: south }, of, targetOf(of));
  return wanted;
};

/** As it is when its import is asked for. */
const recordOf = (source: ImageFacts, of: Policy): ImageFacts => {
  const { name, minDisk, minRam, tags = [], properties, provenance } = wantedOf(source, of);
  const marks = { ...provenanceProperties(provenance), [unfinishedName]: rememberedText(source) };
  const {
    hash: _,
    size: __,
    ...record
  } = image({
    ...{ region: north, id: imageId('r'), name, minDisk, minRam, tags, provenance },
    ...{ status: 'queued', visibility: 'private', owner: 'ferry', properties: { ...properties, ...marks } },
  });
  return record;
};

describe('what a replica remembers of its source', () => {
  test('is all that it takes to finish it by any policy', () => {
    const worlds = fc.record({ inventory: inventories, of: policies });
    fc.assert(
      fc.property(worlds, ({ inventory, of }) => {
        for (const source of inventory.source) {
          const remembered = rememberedSource(recordOf(source, of));
          expect(remembered && wantedOf(remembered, of)).toEqual(wantedOf(source, of));
        }
      }),
    );
  });

  test('leaves out a list of members that no property has room for', () => {
    const members = Array.from({ length: 3000 }, (_, index) => `project-${index}-${'0'.repeat(24)}`);
    const text = rememberedText(image({ members }));
    expect(text.length).toBeLessThan(65_535);
    expect(JSON.parse(text)).not.toHaveProperty('members');
  });

  test.each(['', 'no JSON', '[]', 'null', '{"visibility":"everybody","members":7}'])(
    'makes nothing public where somebody has written %s',
    (text) => {
      const record = recordOf(image(), policy());
      const properties = { ...record.properties, [unfinishedName]: text };
      const source = rememberedSource({ ...record, properties });
      expect(source?.visibility ?? 'private').toBe('private');
    },
  );

  test('is nothing on an image that is no replica', () => {
    expect(rememberedSource(image({ properties: { [unfinishedName]: '{}' } }))).toBeUndefined();
  });
});
