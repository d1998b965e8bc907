import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';
import { parse } from 'yaml';
import { serverlessYml } from '../cloud/aws/blueprint.ts';

export interface Bundle {
  readonly name: string;
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes; about what the deployment package has. */
  readonly zippedSize: number;
}

/** custom.esbuild of serverless.yml, without serverless-esbuild's own settings, which esbuild does not know. */
export const bundleOptions = async (): Promise<{
  readonly options: BuildOptions;
  readonly extension: string;
}> => {
  const yml = parse(await readFile(serverlessYml, 'utf8'), { logLevel: 'silent', merge: true });
  const { exclude, watch, outputWorkFolder, outputFileExtension, ...options } = yml.custom.esbuild;
  return { options, extension: outputFileExtension };
};

const root = new URL('../..', import.meta.url).pathname;

/** The functions as `serverless package` bundles them. @returns them, and what deletes them */
export const bundle = async (names: readonly string[]) => {
  const dir = await mkdtemp(join(tmpdir(), 'glance-ferry-bundles-'));
  const { options, extension } = await bundleOptions();
  await build({
    ...options,
    entryPoints: names.map((name) => join(root, `functions/${name}.ts`)),
    outdir: dir,
    outExtension: { '.js': extension },
    logLevel: 'error',
  });
  const bundles: Bundle[] = [];
  for (const name of names) {
    const file = join(dir, `${name}${extension}`);
    const { size } = await stat(file);
    bundles.push({ name, file, size, zippedSize: gzipSync(await readFile(file)).length });
  }
  const fileOf = (name: string): string => {
    const found = bundles.find((one) => one.name === name);
    if (!found) throw new Error(`${name} was not bundled`);
    return found.file;
  };
  return { bundles, fileOf, remove: () => rm(dir, { recursive: true, force: true }) };
};
