import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sourceFiles } from './source-files.ts';

const files = sourceFiles('{bridge,cli,worker,functions,lib,test}/**/*.ts');
// In two pieces each, so that this file is not one of those it looks for.
const forbidden = [
  ['TO', 'DO'],
  ['FIX', 'ME'],
  ['@ts-', 'ignore'],
  ['@ts-', 'expect-error'],
  ['biome-', 'ignore'],
  ['as ', 'any'],
  ['.on', 'ly('],
  ['.sk', 'ip('],
].map((pieces) => pieces.join(''));

test.each(forbidden)('nobody left %j behind', (text) => {
  expect(files.filter((file) => file.text.includes(text)).map(({ path }) => path)).toEqual([]);
});

test('every file says what it is for in a name of its own words', () => {
  const vague = /(^|[/-])(utils?|helpers?|manager|common|misc|shared)(\.|-|\/)/;
  expect(files.map(({ path }) => path).filter((path) => vague.test(path))).toEqual([]);
});

test.each(['worker', 'bridge'])('Kubernetes can see that the image of %s is not root’s', (folder) => {
  const text = (name: string) => readFileSync(new URL(`../../${folder}/${name}`, import.meta.url), 'utf8');
  expect(text('kubernetes.yaml')).toContain('runAsNonRoot: true');
  // The kubelet refuses a name: "image has non-numeric user (node), cannot verify user is non-root".
  expect(text('Dockerfile')).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
});
