/** A number of a table, named by its row and its column. */
export interface Figure {
  readonly name: string;
  readonly value: number;
}

const cellsOf = (line: string): readonly string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());

const isTable = (line: string): boolean => line.startsWith('| ') && line.endsWith(' |');
const isRule = (line: string): boolean => /^\| -{3}/.test(line);

/** `**1.82 ×**`, `791 MiB/s`, `$0.0021`; what begins otherwise is no figure. */
const numberIn = (cell: string): number | undefined => {
  const number = /^[*$]*(\d+(?:\.\d+)?)/.exec(cell)?.[1];
  return number === undefined ? undefined : Number(number);
};

/** All numbers of the tables in what a benchmark prints; a goal is none. */
export const figuresIn = (text: string): readonly Figure[] => {
  const lines = text.split('\n').filter((line) => isTable(line));
  const figures: Figure[] = [];
  let head: readonly string[] = [];
  for (const [index, line] of lines.entries()) {
    if (isRule(line)) continue;
    if (isRule(lines[index + 1] ?? '')) {
      head = cellsOf(line);
      continue;
    }
    const [row = '', ...cells] = cellsOf(line);
    for (const [at, cell] of cells.entries()) {
      const value = numberIn(cell);
      if (value !== undefined) figures.push({ name: `${row}: ${head[at + 1] ?? ''}`, value });
    }
  }
  return figures;
};
