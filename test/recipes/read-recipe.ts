import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// docs/recipes/*.md, as their readers would follow them. The first word after ``` is the language; what follows says
// what a reader does with the block:
//   ```sh run             types it
//   ```yaml file=a.yaml   writes it into this file
//   ```hcl                only reads it: an example of what is elsewhere, or cannot be had here (the text says so)

export interface Recipe {
  readonly name: string;
  /** Path → content. */
  readonly files: ReadonlyMap<string, string>;
  /** All that is typed, in its order, in one shell. */
  readonly script: string;
}

export const folder = join(import.meta.dirname, '../../docs/recipes');

interface Block {
  readonly what: string;
  readonly text: string;
}

const blocksOf = (markdown: string): Block[] =>
  [...markdown.matchAll(/^```\w+(?: +(?<what>\S+))?\n(?<text>[\s\S]*?)^```$/gm)].map(({ groups = {} }) => ({
    what: groups['what'] ?? '',
    text: groups['text'] ?? '',
  }));

/** @param name of the file, without `.md` */
export const readRecipe = (name: string): Recipe => {
  const blocks = blocksOf(readFileSync(join(folder, `${name}.md`), 'utf8'));
  const unknown = blocks.filter(({ what }) => what !== '' && what !== 'run' && !what.startsWith('file='));
  if (unknown.length > 0) throw new Error(`${name}.md has a block of an unknown kind: ${unknown[0]?.what}`);
  const files = blocks.flatMap(({ what, text }) =>
    what.startsWith('file=') ? [[what.slice('file='.length), text] as const] : [],
  );
  const typed = blocks.filter(({ what }) => what === 'run').map(({ text }) => text);
  return { name, files: new Map(files), script: typed.join('\n') };
};
