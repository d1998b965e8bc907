import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import type { Copy } from '../../../../lib/replication/apply/apply-changes.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import type { BrokenPolicy } from '../../../../lib/replication/policy/policy-files.ts';
import { requestPolicy } from '../../../../lib/replication/policy/request-policy.ts';
import { answerOf } from '../../../../lib/replication/sync/answer.ts';
import { parseSyncRequest } from '../../../../lib/replication/sync/parse-request.ts';
import { createSyncImages, type SyncImagesServices } from '../../../../lib/replication/sync/sync-images.ts';
import type { ImageId, RegionName } from '../../../../lib/schemas/ids.ts';
import type { SyncRequest } from '../../../../lib/schemas/replication/sync.ts';
import { formats, useOpenStack } from '../../../cloud/openstack/use-openstack.ts';
import { cloudsOf } from '../clouds-of.ts';

const inUse = useOpenStack({ regions: ['REGION1', 'REGION2'] });
const [REGION1, REGION2] = ['REGION1' as RegionName, 'REGION2' as RegionName];
const signal = AbortSignal.timeout(60_000);

const { select: _one, ...request } = requestPolicy({
  source: { region: REGION1, imageId: randomUUID() as ImageId },
  targets: [{ region: REGION2, projects: {} }],
});
const policyOf = (name: string, more: Partial<Policy> = {}): Policy => ({
  ...{ ...request, name, select: { names: [`${name}*`] }, ...more },
});

const region = (name: 'REGION1' | 'REGION2') => inUse().cloud.regions[name];
const made: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of made.splice(0)) await remove();
});
const make = async (name: 'REGION1' | 'REGION2', more: object) => {
  const image = { ...formats, owner: 'admin', visibility: 'public', ...more };
  const { id } = await region(name).createImage(image, 'hello');
  made.push(async () => void (region(name).image(id) && (await region(name).remove(id))));
  return id;
};

interface Given extends Pick<SyncImagesServices, 'importerOf'> {
  readonly broken: readonly BrokenPolicy[];
  readonly atMs: number;
  readonly signal: AbortSignal;
}

const sync = (
  policies: readonly Policy[],
  { atMs = Date.now(), broken = [], ...more }: Partial<Given> = {},
) => {
  const copies: Copy[] = [];
  const services = {
    clouds: cloudsOf(inUse().cloud),
    historyOf: async () => ({ isRunning: false }),
    importerOf: () => async (copy: Copy) => {
      copies.push(copy);
      return 'asked for';
    },
    ...more,
    policies: () => Promise.resolve({ policies, broken }),
  };
  const run = async (asked: SyncRequest = {}) => ({
    reports: await createSyncImages(services)(asked, { signal: more.signal ?? signal, atMs }),
    copies,
  });
  return run;
};
const none = { copied: 0, bytes: 0, updated: 0, retired: 0, kept: 0, failed: 0 };

test('what is missing is asked for, what has drifted is put right, and each is told', async () => {
  const there = await make('REGION1', { name: 'nightly a', os_version: '2' });
  const missing = await make('REGION1', { name: 'nightly b' });
  const replica = await make('REGION2', {
    ...{ name: 'nightly a', os_version: '1', ferry_source_region: 'REGION1', ferry_source_id: there },
    ferry_policy: 'nightly',
  });
  const { reports, copies } = await sync([policyOf('nightly')])();
  expect(reports).toMatchObject([
    { policy: 'nightly', regions: { REGION2: { ...none, copied: 1, bytes: 5, updated: 1 } } },
  ]);
  expect(copies.map(({ image }) => image)).toEqual([missing]);
  expect(region('REGION2').image(replica)).toMatchObject({ os_version: '2' });
});

test('a policy that spells its regions in another case finds its replicas, and asks for no second copy', async () => {
  const there = await make('REGION1', { name: 'nightly a' });
  const missing = await make('REGION1', { name: 'nightly b' });
  await make('REGION2', {
    ...{ name: 'nightly a', ferry_source_region: 'REGION1', ferry_source_id: there, ferry_policy: 'nightly' },
  });
  const otherwise = {
    source: { region: 'Region1' as RegionName },
    targets: [{ region: 'Region2' as RegionName, projects: {} }],
  };
  const { reports, copies } = await sync([policyOf('nightly', otherwise)])();
  expect(copies).toMatchObject([{ image: missing, from: 'REGION1', region: 'REGION2' }]);
  expect(reports).toMatchObject([{ regions: { REGION2: { copied: 1 } } }]);
});

test('a dry run says what would be, and does nothing', async () => {
  await make('REGION1', { name: 'nightly a' });
  region('REGION2').clearRequests();
  const { reports, copies } = await sync([policyOf('nightly')])({ dryRun: true });
  expect(answerOf(reports, { isDry: true })).toMatchObject({
    policies: [
      {
        ...{ policy: 'nightly', regions: { REGION2: { ...none, copied: 1, bytes: 5 } } },
        changes: [{ kind: 'copy', name: 'nightly a', outcome: 'done' }],
      },
    ],
  });
  expect(copies).toEqual([]);
  expect(
    new Set(
      region('REGION2')
        .requests()
        .map(({ method }) => method),
    ),
  ).toEqual(new Set(['GET']));
});

test('a replica that a Glance left half uploaded is a failure, with what is to be done about it', async () => {
  const there = await make('REGION1', { name: 'nightly a' });
  const marks = { ferry_source_region: 'REGION1', ferry_source_id: there, ferry_policy: 'nightly' };
  const id = await make('REGION2', { name: 'nightly a', ...marks });
  region('REGION2').change(id, { status: 'saving' });
  const { reports } = await sync([policyOf('nightly')], { atMs: Date.now() + 2 * 3_600_000 })();
  expect(reports[0]?.regions).toMatchObject({ REGION2: { ...none, failed: 1 } });
  expect(reports[0]?.results).toMatchObject([{ reason: expect.stringContaining(`replica ${id} is saving`) }]);
});

test('a region that cannot be read is told, and the others are synced', async () => {
  await make('REGION1', { name: 'nightly a' });
  const targets = ['NOWHERE', 'REGION2'].map((name) => ({ region: name as RegionName, projects: {} }));
  const { reports } = await sync([policyOf('nightly', { targets })])();
  expect(reports[0]?.regions).toMatchObject({
    NOWHERE: { ...none, failed: 1, unreachable: expect.stringContaining('NOWHERE') },
    REGION2: { copied: 1, failed: 0 },
  });
});

test('regions may be spelt in any case: replicas are found all the same', async () => {
  const there = await make('REGION1', { name: 'nightly a' });
  const marks = { ferry_source_region: 'REGION1', ferry_source_id: there, ferry_policy: 'nightly' };
  await make('REGION2', { name: 'nightly a', ...marks });
  const spelt = {
    source: { region: 'region1' as RegionName },
    targets: [{ region: 'Region2' as RegionName, projects: {} }],
  };
  const { reports, copies } = await sync([policyOf('nightly', spelt)])();
  expect(Object.keys(reports[0]?.regions ?? {})).toEqual(['REGION2']);
  expect(copies).toEqual([]);
});

test('of a source that cannot be read nothing is done, and it is told', async () => {
  const { reports, copies } = await sync([
    policyOf('nightly', { source: { region: 'NOWHERE' as RegionName } }),
  ])();
  expect(reports[0]?.regions).toMatchObject({ NOWHERE: { ...none, failed: 1 } });
  expect(copies).toEqual([]);
});

test('a copy that cannot be asked for is a failure, and the answer has its reason', async () => {
  const id = await make('REGION1', { name: 'nightly a' });
  const importerOf = () => () => Promise.reject(new FerryError('unavailable', 'the queue is away'));
  const { reports } = await sync([policyOf('nightly')], { importerOf })();
  expect(answerOf(reports, { isDry: false })).toMatchObject({
    policies: [
      {
        regions: { REGION2: { ...none, failed: 1 } },
        changes: [{ image: id, outcome: 'failed', reason: 'the queue is away' }],
      },
    ],
  });
});

test('one policy that is broken, or fails, does not keep the others', async () => {
  await make('REGION1', { name: 'nightly a' });
  const broken = [{ file: 'policies/bad.yaml', reason: 'line 3: no such field' }];
  const { reports } = await sync([policyOf('nightly')], { broken })();
  expect(reports).toMatchObject([
    { policy: 'policies/bad.yaml', failed: 'line 3: no such field' },
    { policy: 'nightly', regions: { REGION2: { copied: 1 } } },
  ]);
});

test('one policy may be asked for alone; one that there is not is refused, with those there are', async () => {
  const policies = [policyOf('nightly'), policyOf('weekly')];
  const run = sync(policies, { broken: [{ file: 'policies/bad.yaml', reason: 'line 3' }] });
  expect((await run({ policy: 'weekly' })).reports.map(({ policy }) => policy)).toEqual(['weekly']);
  await expect(run({ policy: 'daily' })).rejects.toThrow(
    'There is no policy daily; policies: nightly, weekly; policies/bad.yaml: line 3',
  );
});

test('where the time ends, what is left is the next run’s, which begins with another policy', async () => {
  const policies = [policyOf('a'), policyOf('b'), policyOf('c')];
  const ended = AbortSignal.abort(new FerryError('out-of-time', "The function's time ended"));
  const run = async (atMs: number) => (await sync(policies, { signal: ended, atMs })()).reports;
  const reports = await run(0);
  expect(reports.toSorted((one, other) => one.policy.localeCompare(other.policy))).toEqual(
    ['a', 'b', 'c'].map((policy) => ({ policy, regions: {}, results: [], isLeft: true })),
  );
  for (const everyMs of [3_600_000, 86_400_000]) {
    const runs = await Promise.all(Array.from({ length: 30 }, (_, index) => run(index * everyMs)));
    expect(new Set(runs.map(([first]) => first?.policy))).toEqual(new Set(['a', 'b', 'c']));
  }
});

describe('a request', () => {
  test.each([
    [undefined, {}],
    [{}, {}],
    [{ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }, {}],
    [
      { policy: 'nightly', dryRun: true },
      { policy: 'nightly', dryRun: true },
    ],
  ])('%j asks for %j', (event, asked) => expect(parseSyncRequest(event)).toEqual(asked));

  test.each([
    [{ dry_run: true }, 'unknown fields: dry_run'],
    [{ policy: '' }, 'policy'],
    ['nightly', 'must be object'],
  ])('%j is refused', (event, reason) => expect(() => parseSyncRequest(event)).toThrow(reason));
});

test('an answer is no longer than Lambda takes, and says what it leaves out', () => {
  const change = {
    ...{ region: REGION2, image: 'x' as ImageId, name: 'x'.repeat(200), family: 'x', bytes: 0, reason: 'y' },
    ...{ kind: 'hide' },
  } as const;
  const results = Array(20_000).fill({ change, outcome: 'done', reason: 'y' });
  const answer = answerOf([{ policy: 'p', regions: {}, results }], { isDry: true });
  expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(5_000_000);
  const [{ changes, omitted } = { changes: [], omitted: 0 }] = answer.policies;
  expect(changes.length + (omitted ?? 0)).toBe(20_000);
});
