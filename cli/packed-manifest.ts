import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';

// `npm pack` around the command: what is packed is one file that has all of its packages in it, so whoever installs it is
// to get none. prepack takes them out of package.json, postpack puts them back.

const manifest = 'package.json';
const kept = 'dist/package.json';

const takeOut = async (): Promise<void> => {
  await copyFile(manifest, kept);
  const {
    dependencies: _,
    devDependencies: __,
    allowScripts: ___,
    scripts,
    engines,
    ...packed
  } = JSON.parse(await readFile(manifest, 'utf8'));
  // npm looks for it when the tarball is made.
  const postpack = { postpack: scripts.postpack };
  const bare = { ...packed, engines: { node: engines.node }, scripts: postpack };
  await writeFile(manifest, `${JSON.stringify(bare, undefined, 2)}\n`);
};

await (process.argv[2] === 'restore' ? rename(kept, manifest) : takeOut());
