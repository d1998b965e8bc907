import { isSameRegion } from '../../openstack/catalog.ts';
import { isCustomProperty } from '../../properties/copied.ts';
import type { PolicyFile } from '../../schemas/replication/policy.ts';
import { durationMs } from './amounts.ts';
import type { Fault, Path } from './fault.ts';
import { identityOf } from './policy-of.ts';
import { isSettable } from './settable.ts';

const fault = (path: Path, sentence: string): Fault => ({ path, isName: false, sentence });

const ofTargets = ({ source, targets }: PolicyFile): readonly Fault[] =>
  targets.flatMap(({ region }, index) => {
    const path = ['targets', index, 'region'];
    if (isSameRegion(region, source.region))
      return [fault(path, `must not be the source's region, ${region}`)];
    const isSecond = targets.findIndex((one) => isSameRegion(one.region, region)) < index;
    return isSecond ? [fault(path, `names ${region} a second time`)] : [];
  });

const ofIdentity = (file: PolicyFile): readonly Fault[] => {
  const { identity, on_conflict, select } = file;
  return [
    ...(identityOf(file) !== 'name' && (on_conflict === 'replace' || on_conflict === 'rename')
      ? [
          fault(
            ['on_conflict'],
            `${on_conflict} needs identity: name, since no other knows a successor by its name`,
          ),
        ]
      : []),
    ...(identity === 'name' && select?.snapshots === true
      ? [
          fault(
            ['identity'],
            'must not be name for snapshots: those of one instance all stay; say provenance',
          ),
        ]
      : []),
  ];
};

const ofAges = ({ select: { min_age, max_age } = {} }: PolicyFile): readonly Fault[] =>
  min_age !== undefined && max_age !== undefined && durationMs(min_age) > durationMs(max_age)
    ? [fault(['select', 'max_age'], `selects nothing: ${max_age} is less than min_age, ${min_age}`)]
    : [];

const ofRetention = (file: PolicyFile): readonly Fault[] => {
  const { retention, retirement, on_conflict } = file;
  if (!retention) return [];
  if (!retirement && on_conflict !== 'replace' && on_conflict !== 'rename')
    return [fault(['retention'], 'needs retirement, which says what becomes of those that are not kept')];
  if (retirement?.removed !== 'retire' || identityOf(file) === 'name') return [];
  const sentence = 'contradicts retention, which keeps images whatever becomes of their sources';
  return [fault(['retirement', 'removed'], `retire ${sentence}`)];
};

const isProperty = (name: string): boolean => isCustomProperty([name, '']);

const ofProperties = ({ select, set }: PolicyFile): readonly Fault[] => {
  const paths: readonly Path[] = [
    ...Object.keys(select?.properties ?? {})
      .filter((name) => !isProperty(name))
      .map((name) => ['select', 'properties', name]),
    ...Object.keys(set?.properties ?? {})
      .filter((name) => !isSettable(name))
      .map((name) => ['set', 'properties', name]),
  ];
  return paths.map((path) => fault(path, 'is an attribute that every image has, and no property'));
};

const takesOut = (pattern: string): boolean => pattern.startsWith('!');

/** The patterns with those first that take in, as YAML has them. */
const inOrder = (patterns: readonly string[]): string => {
  const ins = patterns.filter((pattern) => !takesOut(pattern));
  const all = [...(ins.length > 0 ? ins : ['*']), ...patterns.filter(takesOut)];
  return `[${all.map((pattern) => `'${pattern.replaceAll("'", "''")}'`).join(', ')}]`;
};

const ofPatterns = (path: Path, patterns: readonly string[] = []): readonly Fault[] => {
  const [first] = patterns;
  return first !== undefined && takesOut(first)
    ? [fault(path, `takes ${first.slice(1)} out before anything is in: say ${inOrder(patterns)}`)]
    : [];
};

/** What each of a policy's fields allows, and all of them together do not. */
export const contradictionsIn = (file: PolicyFile): readonly Fault[] => [
  ...ofTargets(file),
  ...ofIdentity(file),
  ...ofAges(file),
  ...ofRetention(file),
  ...ofProperties(file),
  ...ofPatterns(['select', 'names'], file.select?.names),
  ...ofPatterns(['sync', 'properties'], file.sync?.properties),
];
