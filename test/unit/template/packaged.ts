import { execFile } from 'node:child_process';
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

interface Template {
  readonly Resources: Record<string, Resource>;
  readonly Parameters: Record<string, unknown>;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** `npm run package` into a directory of its own, without credentials and with no settings but these. */
export async function packageService(settings: Readonly<Record<string, string>> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-package-'));
  const serverless = join(root, 'node_modules/serverless/bin/serverless.js');
  const { PATH, HOME } = process.env;
  await promisify(execFile)(process.execPath, [serverless, 'package', '--package', dir], {
    cwd: root,
    env: { ...settings, PATH, HOME, ESBUILD_FOLDER: relative(root, join(dir, 'esbuild')) },
  });
  const text = await readFile(join(dir, 'cloudformation-template-update-stack.json'), 'utf8');
  const template = JSON.parse(text) as Template;
  const { Resources: resources, Parameters: parameters } = template;
  return {
    dir,
    template,
    resources,
    parameters,
    ofType: (type: string): [string, Resource['Properties']][] =>
      Object.entries(resources)
        .filter(([, { Type }]) => Type === type)
        .map(([id, { Properties }]) => [id, Properties]),
    properties: (id: string): Resource['Properties'] => resources[id]?.Properties ?? {},
    /** A zip names its files in clear. */
    hasFile: async (name: string, file: string) => (await readFile(join(dir, `${name}.zip`))).includes(file),
    zipKiB: async (name: string) => (await stat(join(dir, `${name}.zip`))).size / 1024,
  };
}

export type Packaged = Awaited<ReturnType<typeof packageService>>;

/** `function` → `FunctionLambdaFunction`, as osls names resources: import-image is ImportDashimage. */
export const logicalIdOf = (name: string): string =>
  name.replace(/^./, (first) => first.toUpperCase()).replaceAll('-', 'Dash');

export const functions = {
  'import-image': {
    timeoutS: 29,
    memoryMB: 512,
    routes: ['ANY /v2/images/{image_id}/import', 'ANY /regions/{region}/v2/images/{image_id}/import'],
  },
  'stream-image': { timeoutS: 900, memoryMB: 1769, queue: 'StreamImageQueue' },
  'apply-metadata': { timeoutS: 900, memoryMB: 1024, queue: 'ApplyMetadataQueue' },
  'fail-import': { timeoutS: 300, memoryMB: 512, queue: 'FailImportQueue' },
  'replicate-image': { timeoutS: 120, memoryMB: 512, queue: 'ReplicateImageQueue' },
  'sync-images': { timeoutS: 900, memoryMB: 1024 },
  'sweep-imports': { timeoutS: 300, memoryMB: 512 },
  'list-tasks': {
    timeoutS: 29,
    memoryMB: 512,
    routes: ['ANY /v2/images/{image_id}/tasks', 'ANY /regions/{region}/v2/images/{image_id}/tasks'],
  },
  'cancel-import': {
    timeoutS: 29,
    memoryMB: 512,
    routes: ['DELETE /v2/images/{image_id}/tasks', 'DELETE /regions/{region}/v2/images/{image_id}/tasks'],
  },
  discovery: {
    timeoutS: 29,
    memoryMB: 512,
    routes: [
      'ANY /v2/info/import',
      'ANY /versions',
      'ANY /',
      'ANY /regions',
      'ANY /regions/{region}',
      'ANY /regions/{region}/',
      'ANY /regions/{region}/versions',
      'ANY /regions/{region}/v2/info/import',
    ],
  },
};
export const names = Object.keys(functions) as (keyof typeof functions)[];

/** A function's variables in the template. */
export const environmentOf = (packaged: Packaged, name: string): Record<string, unknown> => {
  const { Environment } = packaged.properties(`${logicalIdOf(name)}LambdaFunction`);
  return (Environment as { Variables: Record<string, unknown> }).Variables;
};

/** What a reference of CloudFormation says, in short: `Table.Arn`, `Queue`, `Bucket.Arn/copies/*`. */
export function inShort(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inShort);
  if (typeof value !== 'object' || value === null) return value;
  const reference = value as Record<string, unknown>;
  if ('Ref' in reference) return reference['Ref'];
  if ('Fn::Sub' in reference) return String(reference['Fn::Sub']).replace(/\$\{([^}]+)\}/g, '$1');
  if (Array.isArray(reference['Fn::GetAtt'])) return reference['Fn::GetAtt'].join('.');
  if (Array.isArray(reference['Fn::If'])) return reference['Fn::If'].map(inShort).join(' ');
  return value;
}

/** A statement that is there under a condition only, as if that held. */
const always = (
  statement: Statement | { readonly 'Fn::If': readonly [string, Statement, unknown] },
): Statement => ('Fn::If' in statement ? statement['Fn::If'][1] : statement);

/** Every right of a role as `action on resource`. */
export function rightsOf(role: Resource['Properties']): string[] {
  const policies = role['Policies'] as { PolicyDocument: { Statement: Parameters<typeof always>[0][] } }[];
  const statements = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement.map(always));
  return statements
    .flatMap(({ Effect, Action, Resource }) =>
      [Action]
        .flat()
        .flatMap((action) => [Resource].flat().map((on) => `${Effect} ${action} on ${inShort(on)}`)),
    )
    .sort();
}
