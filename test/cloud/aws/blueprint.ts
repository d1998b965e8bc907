import { readFileSync } from 'node:fs';
import { parse, type ScalarTag } from 'yaml';

/** CloudFormation's short forms, read as their long ones. */
const scalarTag = (tag: string, resolve: (text: string) => unknown): ScalarTag => ({ tag, resolve });
const collectionTag = (name: string) => ({
  tag: `!${name}`,
  collection: 'seq' as const,
  resolve: (node: { toJSON(): unknown }) => ({ [`Fn::${name}`]: node.toJSON() }),
});
const customTags = [
  scalarTag('!Ref', (text) => ({ Ref: text })),
  scalarTag('!Sub', (text) => ({ 'Fn::Sub': text })),
  scalarTag('!GetAtt', (text) => ({ 'Fn::GetAtt': text.split('.') })),
  ...['If', 'Not', 'Equals'].map(collectionTag),
];

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface FunctionPlan {
  readonly environment?: Readonly<Record<string, unknown>>;
}

/** What the local cloud reads from serverless.yml. */
export interface Blueprint {
  readonly params: { readonly default: Readonly<Record<string, string>> };
  readonly functions: Readonly<Record<string, FunctionPlan>>;
  readonly resources: { readonly Resources: Readonly<Record<string, Resource>> };
}

export const serverlessYml = new URL('../../../serverless.yml', import.meta.url);

/** What was parsed in this process, by its text: that takes its time, and modules are loaded anew for each test file. */
const kept = globalThis as typeof globalThis & { blueprints?: Map<string, Blueprint> };

/** Reads serverless.yml. `${…}` of the Serverless Framework stays as it is. Nobody changes what he is given. */
export const readBlueprint = (): Blueprint => {
  const text = readFileSync(serverlessYml, 'utf8');
  kept.blueprints ??= new Map();
  const blueprint = kept.blueprints.get(text) ?? (parse(text, { customTags, merge: true }) as Blueprint);
  kept.blueprints.set(text, blueprint);
  return blueprint;
};

/** Of this machine alone: where a build goes, which the local functions are told otherwise. */
const ofTheBuild = ['ESBUILD_FOLDER'];

/** The variables that serverless.yml takes from the environment, wherever it does: `${env:NAME, …}`, other names beside. */
export const settingNames = (): readonly string[] => {
  const found = readFileSync(serverlessYml, 'utf8').matchAll(/\benv:(?<name>\w+)/g);
  const names = new Set([...found].map(({ groups = {} }) => groups['name'] ?? ''));
  return [...names].filter((name) => !ofTheBuild.includes(name));
};

/** The logical id in `!Ref Name`. */
export const refOf = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && 'Ref' in value ? String(value.Ref) : undefined;

/** The logical id in `!GetAtt Name.Arn`. */
export function arnOwnerOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('Fn::GetAtt' in value)) return undefined;
  const [name, attribute] = value['Fn::GetAtt'] as string[];
  return attribute === 'Arn' ? name : undefined;
}

/** Resources of one type with their logical ids. */
export const resourcesOf = (blueprint: Blueprint, type: string): [string, Resource['Properties']][] =>
  Object.entries(blueprint.resources.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([name, { Properties }]) => [name, Properties]);
