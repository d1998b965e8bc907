// Draws what a soak has seen as SVG: one strip above the other over the same time.

export interface Line {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Strip {
  /** With its unit. */
  readonly name: string;
  readonly lines: readonly Line[];
}

export interface Chart {
  readonly title: string;
  /** Minutes, of each value of every line. */
  readonly minutes: readonly number[];
  readonly strips: readonly Strip[];
}

const colours = ['#4e79a7', '#f28e2b', '#59a14f'];
const [width, stripHeight, gap, left, right, head, foot] = [720, 70, 26, 56, 12, 34, 26]; // px

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${x}" y="${y}"${more}>${escapeXml(content)}</text>`;

/** The next of 1, 2, 5, 10, 20, … above a value: where an axis ends. */
export const roundUp = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
};

const drawStrip = ({ name, lines }: Strip, minutes: readonly number[], top: number): string => {
  const [highest, last] = [
    roundUp(Math.max(1, ...lines.flatMap(({ values }) => values))),
    Math.max(1, ...minutes),
  ];
  const x = (minute: number): number => left + (minute / last) * (width - left - right);
  const y = (value: number): number => top + stripHeight * (1 - value / highest);
  const axis = [0, highest].map(
    (value) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>` +
      text(left - 6, y(value) + 4, `${value}`, ' text-anchor="end"'),
  );
  const drawn = lines.map(({ values }, index) => {
    const points = values.map((value, at) => `${x(minutes[at] ?? 0).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colours[index]}" stroke-width="1.2"/>`;
  });
  const legend = lines.map(({ name: line }, index) =>
    text(width - right - 130 * (lines.length - index), top - 6, line, ` fill="${colours[index]}"`),
  );
  return [text(left, top - 6, name), ...legend, ...axis, ...drawn].join('\n');
};

/** A few KB, for a page of docs/. */
export const drawChart = ({ title, minutes, strips }: Chart): string => {
  const topOf = (index: number): number => head + gap + index * (stripHeight + gap);
  const height = topOf(strips.length) + foot - gap;
  const last = Math.max(1, ...minutes);
  const ends = [0, last].map((minute, index) =>
    text(
      index === 0 ? left : width - right,
      height - 8,
      `${minute.toFixed(0)} min`,
      index ? ' text-anchor="end"' : '',
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(left, 18, title, ' font-size="13"'),
    ...strips.map((strip, index) => drawStrip(strip, minutes, topOf(index))),
    ...ends,
    '</svg>\n',
  ].join('\n');
};
