import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Import {
  /** As written: a package, or a path that is made relative to the repository here (`lib/errors.ts`). */
  readonly of: string;
  /** `import type`: gone when the code runs. */
  readonly isType: boolean;
}

export interface SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const statements = /^(?:import|export)\s+(?<type>type\s)?(?:[^'";]*?\sfrom\s+)?'(?<of>[^']+)'/gm;
const calls = /\bimport\((?<type>)['"`](?<of>[^'"`]+)['"`]\)/g;

const importsOf = (path: string, text: string): Import[] =>
  [...text.matchAll(statements), ...text.matchAll(calls)].map(({ groups = {} }) => {
    const { of = '', type } = groups;
    const target = of.startsWith('.') ? relative(root, join(root, path, '..', of)) : of;
    return { of: target, isType: Boolean(type) };
  });

/** The TypeScript files that match, with what they import. @param pattern a glob, relative to the repository */
export const sourceFiles = (pattern: string): SourceFile[] =>
  globSync(pattern, { cwd: root }).map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return { path, text, imports: importsOf(path, text) };
  });

/** package.json's field of this name. */
export const packages = (field: 'dependencies' | 'devDependencies'): string[] =>
  Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))[field]);
