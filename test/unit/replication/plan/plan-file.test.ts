import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesText } from '../../../../cli/progress/amounts.ts';
import type { Inventory } from '../../../../lib/replication/plan/change.ts';
import { describePlan, sumsInWords } from '../../../../lib/replication/plan/report/describe-plan.ts';
import {
  isPlanOf,
  keepPlan,
  outdatedChanges,
  planText,
  readPlan,
} from '../../../../lib/replication/plan/report/plan-file.ts';
import { planSync } from '../../../../lib/replication/plan/sync/plan-sync.ts';
import { retirementDefaults } from '../../../../lib/replication/policy/defaults.ts';
import { image, imageId, noon, north, policy, west } from '../images.ts';
import { inventories, policies } from '../worlds.ts';
import { replica } from './planned.ts';

const world = (parts: Partial<Inventory> = {}): Inventory => ({
  atMs: noon,
  source: [image({ size: 3 * 1024 ** 3 }), image({ id: imageId('b'), name: 'Ubuntu', size: 100 })],
  targets: new Map([[north, []]]),
  owners: new Map([[north, 'ferry']]),
  failed: new Map(),
  ...parts,
});

const kept = keepPlan(policy(), world(), planSync(policy(), world()));

describe('a plan that is kept', () => {
  test('is still true where nothing has happened, however much later', () => {
    expect(outdatedChanges(kept, world({ atMs: noon + 86_400_000 }))).toEqual([]);
  });

  test.each<[string, Inventory]>([
    ['its source was changed', world({ source: [image({ updatedAtMs: noon }), ...world().source.slice(1)] })],
    ['its source is not active any more', world({ source: [image({ status: 'deactivated' })] })],
    ['its source is gone', world({ source: world().source.slice(1) })],
    [
      'somebody has made an image of its name',
      world({ targets: new Map([[north, [image({ region: north, id: imageId('x') })]]]) }),
    ],
    ['its region could not be read', world({ failed: new Map([[north, 'away']]) })],
  ])('is not where %s', (_, now) => {
    expect(outdatedChanges(kept, now)[0]).toMatchObject({ kind: 'copy', image: 'a' });
  });

  test('is not where the members of its source have changed, and is in whatever order they are listed', () => {
    const shared = (...members: readonly string[]) =>
      world({ source: [image({ visibility: 'shared', members })] });
    const plan = keepPlan(policy(), shared('p1', 'p2'), planSync(policy(), shared('p1', 'p2')));
    expect(outdatedChanges(plan, shared('p2', 'p1'))).toEqual([]);
    expect(outdatedChanges(plan, shared('p1'))).toMatchObject([{ kind: 'copy', image: 'a' }]);
  });

  test('is not where a retirement would be done while another region cannot be read', () => {
    const source = [image({ id: imageId('b'), name: 'Ubuntu' })];
    const now = world({ source, targets: new Map([[north, [replica(image())]]]) });
    const removing = policy({ retirement: { ...retirementDefaults, isForRemoved: true } });
    const plan = keepPlan(removing, now, planSync(removing, now));
    expect(outdatedChanges(plan, now)).toEqual([]);
    const blind = { ...now, failed: new Map([[west, 'away']]) };
    expect(outdatedChanges(plan, blind)).toMatchObject([{ kind: 'hide', image: 'r-a' }]);
  });

  test('is of its policy as long as that says the same', () => {
    expect(isPlanOf(kept, policy())).toBe(true);
    expect(isPlanOf(kept, policy({ onConflict: 'replace' }))).toBe(false);
    expect(isPlanOf(kept, policy({ name: 'other' }))).toBe(false);
  });

  test('is refused change by change: others may be done', () => {
    const now = world({ source: [image({ updatedAtMs: noon }), ...world().source.slice(1)] });
    expect(outdatedChanges(kept, now).map((change) => change.image)).toEqual(['a']);
  });

  test('is read as it was written, whatever it holds', () => {
    fc.assert(
      fc.property(policies, inventories, (of, inventory) => {
        const plan = keepPlan(of, inventory, planSync(of, inventory));
        expect(readPlan(planText(plan), 'plan.json')).toEqual(JSON.parse(JSON.stringify(plan)));
        expect(outdatedChanges(plan, inventory)).toEqual([]);
      }),
    );
  });

  test.each([
    ['no JSON', '{'],
    ['another version', '{"version": 2, "policy": "p", "madeAt": "x", "changes": []}'],
    ['a change that nobody knows', planText(kept).replace('"copy"', '"destroy"')],
  ])('is none of ours: %s', (_, text) => {
    expect(() => readPlan(text, 'plan.json')).toThrow('plan.json is not a plan of glance-ferry');
  });
});

describe('a plan for people', () => {
  test('has a row for each change, and sums', () => {
    const there = image({
      region: north,
      id: imageId('x'),
      name: 'Ubuntu',
      hash: { algorithm: 'sha512', value: 'other' },
    });
    const changes = planSync(policy({ identity: 'name' }), world({ targets: new Map([[north, [there]]]) }));
    const { rows, sums, sumsOf } = describePlan(changes);
    expect(rows).toEqual([
      {
        ...{ region: north, action: 'copy', image: 'a', name: 'Debian 13', bytes: 3 * 1024 ** 3 },
        reason: 'the region has no replica of it',
      },
      {
        ...{ region: north, action: 'error', image: 'b', name: 'Ubuntu', bytes: 0 },
        reason: 'of the same name is image x there, which carries no mark of ours',
      },
    ]);
    expect(sumsInWords(sums, bytesText)).toBe(
      '1 to copy (3 GiB), 0 to update, 0 to retire, 0 left as they are, 1 to decide on',
    );
    expect(sumsOf).toEqual({ NORTH: sums });
  });

  test('says so where there is nothing to do', () => {
    expect(sumsInWords(describePlan([]).sums, bytesText)).toBe(
      '0 to copy (0 B), 0 to update, 0 to retire, 0 left as they are',
    );
  });
});
