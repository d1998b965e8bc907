import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { FerryError } from '../../../../lib/errors.ts';
import { policyDefaults } from '../../../../lib/replication/policy/defaults.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import { readPolicy } from '../../../../lib/replication/policy/read-policy.ts';

const least = `
name: public
source: {region: SOUTH}
targets: [{region: NORTH}]
`;

/** What is said of a file of the least that a policy needs, and these lines. */
const refusal = async (lines: string): Promise<string> => {
  const read = readPolicy(`${least.trim()}\n${lines}`, 'p.yaml');
  return read.then(
    () => 'accepted',
    (error: Error) => error.message,
  );
};

const example = async (name: string): Promise<Policy> => {
  const file = new URL(`../../../../docs/policies/${name}`, import.meta.url);
  return readPolicy(await readFile(file, 'utf8'), name);
};

describe('a policy', () => {
  test('needs a name and regions, and has defaults for the rest', async () => {
    expect(await readPolicy(least, 'p.yaml')).toEqual({
      ...policyDefaults,
      name: 'public',
      identity: 'name',
      source: { region: 'SOUTH' },
      targets: [{ region: 'NORTH', projects: {} }],
      select: {},
    });
  });

  test('is read as it is written', async () => {
    expect(await example('public-images.yaml')).toEqual({
      name: 'public-images',
      source: { region: 'REGION1' },
      targets: [
        { region: 'REGION2', projects: {} },
        {
          region: 'NORTH',
          projects: { '5f0dd5a9c0f14b4b8f4a1d0b7a3b1c11': '0c9a6a1f3a5e4e2f9d2b8f2e6c7d5a22' },
        },
      ],
      select: {
        visibility: ['public'],
        owners: ['5f0dd5a9c0f14b4b8f4a1d0b7a3b1c11'],
        names: ['Debian *', 'Ubuntu *', '!* test'],
        properties: { mirrored: 'yes' },
        minAgeMs: 3_600_000,
        snapshots: false,
      },
      identity: 'name',
      synced: {
        properties: ['*', '!internal_*'],
        tags: true,
        members: false,
        hidden: true,
        protection: false,
        visibility: 'source',
      },
      set: { properties: { image_source: 'REGION1' } },
      onConflict: 'rename',
      retention: { last: 4 },
      retirement: {
        ladder: ['hide', 'deactivate', 'delete'],
        isDeleteAllowed: false,
        oldName: '{name} ({date})',
        isForRemoved: true,
      },
      caps: { removalsPerRun: 10, bytesPerRun: 2 * 1024 ** 4, importsPerRegion: 4 },
    });
    expect(await example('snapshots.yaml')).toMatchObject({
      select: { snapshots: true, maxAgeMs: 7 * 86_400_000 },
      retention: { last: 3, daily: 7, weekly: 4, monthly: 12 },
      retirement: { ladder: ['delete'], isDeleteAllowed: true },
    });
  });

  test('says where Glance keeps our properties for us', async () => {
    const { targets } = await readPolicy(
      least.replace('{region: NORTH}', '{region: NORTH, reserved_marks: true}'),
      'p.yaml',
    );
    expect(targets).toEqual([{ region: 'NORTH', projects: {}, areMarksReserved: true }]);
  });

  test('that has new images take the place of old ones hides the old ones', async () => {
    const { retirement } = await readPolicy(`${least}identity: name\non_conflict: replace\n`, 'p.yaml');
    expect(retirement).toMatchObject({ ladder: ['hide'], isDeleteAllowed: false });
  });

  test.each([
    ['0', 0],
    ['12B', 12],
    ['500GB', 500e9],
    ['1 TiB', 1024 ** 4],
    ['2KiB', 2048],
    ['1000', 1000],
  ])('counts bytes: %s', async (text, bytes) => {
    const said = await refusal(`caps: {bytes: ${text}}`);
    if (bytes === 0) return expect(said).toContain('caps.bytes');
    expect((await readPolicy(`${least}caps: {bytes: ${text}}`, 'p.yaml')).caps.bytesPerRun).toBe(bytes);
  });
});

describe('a policy that is wrong is refused by line, column and field, with what is allowed:', () => {
  test.each([
    [
      'an unknown field',
      'selekt: {}',
      'p.yaml:4:1: selekt is not known; known here are name, source, targets, select, identity, sync, set, ' +
        'on_conflict, retention, retirement, caps',
    ],
    [
      'an unknown field deep in it',
      'select:\n  nmaes: [a]',
      'p.yaml:5:3: select.nmaes is not known; known here are visibility, owners, tags',
    ],
    ['a word', 'identity: Name', 'p.yaml:4:11: identity must be one of provenance, name, id; it is Name'],
    [
      'a word in a list',
      'select:\n  visibility:\n    - public\n    - open',
      'p.yaml:7:7: select.visibility[1] must be one of public, community, shared, private; it is open',
    ],
    [
      'a number for a text',
      'set:\n  name: 24.04',
      'p.yaml:5:9: set.name must be a text, it is 24.04; in quotes it is one: "24.04"',
    ],
    ['nothing for a table', 'select:', 'p.yaml:4:8: select must be a table of fields, it is nothing'],
    [
      'a duration',
      'select: {min_age: 1 hour}',
      'p.yaml:4:19: select.min_age cannot be "1 hour". Was made at least so long ago: 45s, 30m, 1h, 7d, 2w.',
    ],
    [
      'a size',
      'caps: {bytes: lots}',
      'p.yaml:4:15: caps.bytes cannot be "lots". Copied in a run: 500GB, 1TiB.',
    ],
    [
      'our own property',
      'set: {properties: {ferry_policy: x}}',
      "p.yaml:4:20: set.properties.ferry_policy is not allowed. Neither ours (ferry_) nor Glance's own (os_glance).",
    ],
    [
      'an attribute among the properties',
      'set: {properties: {visibility: public}}',
      'p.yaml:4:32: set.properties.visibility is an attribute that every image has, and no property',
    ],
    [
      'an attribute among the properties that are selected',
      'select: {properties: {disk_format: qcow2}}',
      'p.yaml:4:36: select.properties.disk_format is an attribute that every image has, and no property',
    ],
    [
      'names that take in none',
      "select: {names: ['!* test']}",
      "p.yaml:4:17: select.names takes * test out before anything is in: say ['*', '!* test']",
    ],
    [
      'properties that take in none',
      "sync: {properties: ['!injected_*', '!internal']}",
      "p.yaml:4:20: sync.properties takes injected_* out before anything is in: say ['*', '!injected_*', '!internal']",
    ],
    [
      'patterns in the wrong order',
      "select: {names: ['!* test', 'Debian *', '!*''s']}",
      "p.yaml:4:17: select.names takes * test out before anything is in: say ['Debian *', '!* test', '!*''s']",
    ],
    [
      'a name without its date',
      'retirement: {old_name: old}',
      'p.yaml:4:24: retirement.old_name cannot be "old"',
    ],
    [
      'a successor without a name',
      'on_conflict: rename\nidentity: id',
      'p.yaml:4:14: on_conflict rename needs identity: name',
    ],
    [
      'snapshots by their names',
      'identity: name\nselect: {snapshots: true}',
      'p.yaml:4:11: identity must not be name for snapshots',
    ],
    [
      'ages that no image has',
      'select: {min_age: 2d, max_age: 1d}',
      'p.yaml:4:32: select.max_age selects nothing: 1d is less than min_age, 2d',
    ],
    ['retention without an end', 'retention: {last: 3}', 'p.yaml:4:12: retention needs retirement'],
    [
      'retention that keeps, and sources that go',
      'retention: {last: 3}\nretirement: {removed: retire}\nselect: {snapshots: true}',
      'p.yaml:5:23: retirement.removed retire contradicts retention',
    ],
    ['a field twice', 'identity: id\nidentity: name', 'p.yaml:5:1: Map keys must be unique'],
    ['no YAML', 'select: [', 'p.yaml:4:10: '],
    ['an alias of nothing', 'select: *a', 'p.yaml: Unresolved alias'],
  ])('%s', async (_, lines, said) => expect(await refusal(lines)).toContain(said));

  test('what is missing', async () => {
    await expect(readPolicy('name: a\ntargets: [{}]\n', 'p.yaml')).rejects.toThrow(
      [
        'p.yaml is not a policy, with 2 faults:',
        'p.yaml:1:1: source is missing',
        'p.yaml:2:11: targets[0].region is missing',
      ].join('\n'),
    );
    await expect(readPolicy('', 'p.yaml')).rejects.toThrow(
      'p.yaml is not a policy:\np.yaml:1:1: the file must be a table of fields, it is nothing',
    );
  });

  test('a region that is source and target, or target twice', async () => {
    const text = 'name: a\nsource: {region: S}\ntargets: [{region: S}, {region: N}, {region: N}]\n';
    await expect(readPolicy(text, 'p.yaml')).rejects.toThrow(
      "p.yaml:3:20: targets[0].region must not be the source's region, S\np.yaml:3:46: targets[2].region names N a second time",
    );
  });

  test('whose regions are the same but for their case', async () => {
    const text = 'name: a\nsource: {region: S}\ntargets: [{region: s}, {region: N}, {region: n}]\n';
    await expect(readPolicy(text, 'p.yaml')).rejects.toThrow(/source's region, s\n.* names n a second time/);
  });

  test('whatever stands in it', async () => {
    const fields = ['name', 'source', 'targets', 'select', 'sync', 'set', 'retention', 'retirement', 'caps'];
    const wholes = fc
      .tuple(fc.constantFrom(...fields, 'other'), fc.jsonValue())
      .map(([field, value]) => `${JSON.stringify({ ...parse(least), [field]: value })}`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), wholes), async (text) => {
        const error = await readPolicy(text, 'p.yaml').then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error === undefined) return;
        expect(error).toBeInstanceOf(FerryError);
        expect((error as Error).message).toMatch(/^p\.yaml is not a policy.*:\np\.yaml:(\d+:\d+:)? /);
      }),
    );
  });

  test('all at once', async () => {
    const said = await refusal('select: {has_members: 1}\nidentity: x\ncaps: {imports: 0}');
    expect(said.split('\n')).toHaveLength(4);
    expect(said).toContain('p.yaml:4:23: select.has_members must be true or false, it is 1');
    expect(said).toContain('p.yaml:6:17: caps.imports must be >= 1. Into one region at a time.');
  });
});
