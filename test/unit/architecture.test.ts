import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packages, sourceFiles } from './source-files.ts';

// docs/architecture.md, "Layers": arrows go one way, downwards.
const layers = [
  ['bridge', 'cli', 'worker'],
  ['functions'],
  ['lib/api', 'lib/compose'],
  ['lib/replication/sync', 'lib/replication/replicate'],
  ['lib/replication/apply', 'lib/replication/inventory'],
  ['lib/replication/plan', 'lib/replication/event'],
  ['lib/replication/policy'],
  ['lib/replication/record'],
  ['lib/imports/request', 'lib/imports/join', 'lib/imports/apply'],
  ['lib/imports/end', 'lib/imports/sweep'],
  ['lib/imports/record'],
  ['lib/imports/access'],
  ['lib/copies'],
  ['lib/steps'],
  ['lib/download', 'lib/transfer', 'lib/properties', 'lib/activation'],
  ['lib/clouds'],
  ['lib/openstack', 'lib/aws'],
  ['lib/state'],
  [
    'lib/config',
    'lib/echo',
    'lib/environment',
    'lib/errors',
    'lib/http',
    'lib/innermost-reason',
    'lib/log',
    'lib/metrics',
    'lib/promises',
    'lib/schemas',
    'lib/stop-on-signals',
  ],
];
const inOrder = layers.flat();
const longestFile = 200; // lines
/** A folder that one can keep in mind. */
const largestRoom = 900; // lines

const code = sourceFiles('{bridge,cli,worker,functions,lib}/**/*.ts');
const inside = (of: string): boolean => /^(bridge|cli|worker|functions|lib|test)\//.test(of);

/** Whose rooms have places of their own. */
const isHouse = (name: string): boolean => name === 'imports' || name === 'replication';

/** `lib/aws` of `lib/aws/table.ts`, `lib/errors` of `lib/errors.ts`, `lib/imports/end` of its files, `functions` of any. */
const placeOf = (path: string): string => {
  const [top = '', name = '', room = ''] = path.split('/');
  if (top !== 'lib') return top;
  return isHouse(name) ? `lib/${name}/${room}` : `lib/${name.replace(/\.(d\.ts|ts|js)$/, '')}`;
};
const layerOf = (path: string): number => layers.findIndex((places) => places.includes(placeOf(path)));

const arrows = code.flatMap(({ path, imports }) =>
  imports.filter(({ of }) => inside(of)).map(({ of, isType }) => ({ from: path, to: of, isType })),
);

const isOneWay = ({ from, to }: { from: string; to: string }): boolean => layerOf(to) >= layerOf(from);

/** A path from a node back to itself, if there is one. */
const cycleFrom = (
  start: string,
  next: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] | undefined => {
  const visited = new Set<string>();
  const walk = (node: string, path: readonly string[]): readonly string[] | undefined => {
    for (const to of next.get(node) ?? []) {
      if (to === start) return [...path, to];
      if (visited.has(to)) continue;
      visited.add(to);
      const found = walk(to, [...path, to]);
      if (found) return found;
    }
    return undefined;
  };
  return walk(start, [start]);
};

const graphOf = (name: (path: string) => string): Map<string, Set<string>> => {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of arrows) {
    if (name(from) !== name(to)) graph.set(name(from), (graph.get(name(from)) ?? new Set()).add(name(to)));
  }
  return graph;
};

const cyclesOf = (graph: ReadonlyMap<string, ReadonlySet<string>>): string[] =>
  [...graph.keys()].flatMap((node) => cycleFrom(node, graph)?.join(' → ') ?? []);

describe('the architecture', () => {
  test('has a layer for every file', () => {
    expect(code.length).toBeGreaterThan(40);
    expect(code.filter(({ path }) => layerOf(path) < 0).map(({ path }) => path)).toEqual([]);
    expect(inOrder.filter((place) => !code.some(({ path }) => placeOf(path) === place))).toEqual([]);
  });

  test('has arrows that go one way', () => {
    const wrong = arrows.filter(({ to }) => !to.startsWith('test/')).filter((arrow) => !isOneWay(arrow));
    expect(wrong.map(({ from, to }) => `${from} must not import ${to}`)).toEqual([]);
  });

  test('has no circles, neither of files nor of directories', () => {
    expect(cyclesOf(graphOf((path) => path))).toEqual([]);
    expect(cyclesOf(graphOf(placeOf))).toEqual([]);
    expect(cyclesOf(graphOf(dirname))).toEqual([]);
  });

  test(`has no room of more than ${largestRoom} lines`, () => {
    const sizes = Map.groupBy(code, ({ path }) => dirname(path));
    const large = [...sizes].filter(
      ([, files]) => files.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0) > largestRoom,
    );
    expect(large.map(([room]) => room)).toEqual([]);
  });

  test('takes nothing from the tests', () => {
    expect(arrows.filter(({ to }) => to.startsWith('test/')).map(({ from }) => from)).toEqual([]);
  });

  test(`has no file of more than ${longestFile} lines`, () => {
    const long = code.filter(({ text }) => text.split('\n').length - 1 > longestFile);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

describe('what is deployed', () => {
  const builder = ['lib/schemas/compile.ts'];
  const deployed = code.filter(({ path }) => !builder.includes(path));

  test('needs packages of `dependencies` only', () => {
    const known = packages('dependencies');
    const named = (of: string) => of.split('/', of.startsWith('@') ? 2 : 1).join('/');
    const foreign = deployed.flatMap(({ path, imports }) =>
      imports
        .filter(({ of, isType }) => !isType && !inside(of) && !isBuiltin(of) && !known.includes(named(of)))
        .map(({ of }) => `${path} imports ${of}`),
    );
    // The schemas are compiled; what is left of them at run time is their types.
    expect(foreign.filter((one) => !/^lib\/schemas\/[a-z/-]+\.ts imports typebox$/.test(one))).toEqual([]);
  });

  test('takes of the schemas their types and the compiled validators, so that no compiler is in a bundle', () => {
    const atRunTime = [
      'lib/schemas/validators.js',
      'lib/schemas/bridge-validators.js',
      'lib/schemas/plan-validators.js',
      'lib/schemas/policy-validators.js',
      'lib/schemas/ids.ts',
      'lib/schemas/defaults.ts',
    ];
    const wrong = arrows.filter(
      ({ from, to, isType }) =>
        placeOf(to) === 'lib/schemas' &&
        placeOf(from) !== 'lib/schemas' &&
        !isType &&
        !atRunTime.includes(to),
    );
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
    expect(
      deployed
        .filter(({ path }) => path.startsWith('functions/'))
        .map(({ text }) => text)
        .join(),
    ).not.toMatch(/typebox/);
  });

  test('is one handler per file of functions/', () => {
    const functions = code.filter(({ path }) => path.startsWith('functions/'));
    const without = functions.filter(
      ({ text }) => [...text.matchAll(/^export const (\w+)/gm)].join() !== 'export const handler,handler',
    );
    expect(without.map(({ path }) => path)).toEqual([]);
  });
});
