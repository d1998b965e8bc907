import { describe, expect, test } from 'vitest';
import type { Change, Inventory } from '../../../../lib/replication/plan/change.ts';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import type { ImageFacts } from '../../../../lib/replication/record/image-facts.ts';
import { applyChange } from '../apply-change.ts';
import { image, imageId, noon, north, policy } from '../images.ts';

const inventory = (source: readonly ImageFacts[], there: readonly ImageFacts[] = []): Inventory => ({
  atMs: noon,
  source,
  targets: new Map([[north, there]]),
  owners: new Map([[north, 'ferry']]),
  failed: new Map(),
});

const brief = (changes: readonly Change[]) => changes.map(({ kind, image: id }) => `${kind} ${id}`);

describe('a plan', () => {
  test('copies what is not there, and finds it there at the next run', () => {
    const start = inventory([image(), image({ id: imageId('b'), name: 'Ubuntu' })]);
    const changes = planSync(policy(), start);
    expect(brief(changes)).toEqual(['copy a', 'copy b']);
    const after = changes.reduce((world, change) => applyChange(policy(), world, change), start);
    expect(planSync(policy(), after)).toEqual([]);
  });
});
