import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

// Draws a CPU profile: `node test/bench/flame-graph.ts FILE.cpuprofile docs/NAME.svg [FROM_MS]`.
// Every frame is as wide as the time in which it, or what it called, was at work; callers below, callees above. On a busy
// machine that time holds waits for a core: widths compare, milliseconds are not CPU time.
// FROM_MS leaves out what came before, such as a start. Functions of the benchmark's processes are profiled with
// startFunction's `nodeArgs: ['--cpu-prof', '--cpu-prof-dir=DIR']`.

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** V8's own format (Profiler.Profile of the DevTools protocol); timeDeltas in µs. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function on one path of calls, and what it called. */
export interface Frame {
  readonly name: string;
  readonly kind: Kind;
  /** At work, itself and what it called. */
  readonly us: number;
  readonly callees: readonly Frame[];
}

const colours = {
  'this repository': '#f28e2b',
  packages: '#76b7b2',
  Node: '#8cb369',
  'V8, C++': '#bab0ac',
} as const;
type Kind = keyof typeof colours;

const [width, rowHeight, headHeight, letterWidth] = [1400, 17, 44, 6.6]; // px
const thinnest = 1; // px; thinner frames are left out
const waiting = ['(idle)', '(root)'];

const kindOf = (url: string): Kind => {
  if (url === '' || url.startsWith('wasm:')) return 'V8, C++';
  if (url.startsWith('node:')) return 'Node';
  return url.includes('/node_modules/') ? 'packages' : 'this repository';
};

/** `send client.js`, with the package's name where it is one's. */
const nameOf = ({ functionName, url }: ProfileNode['callFrame']): string => {
  const [, inPackage] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  const place = inPackage ?? (url.startsWith('node:') ? url : (url.split('/').at(-1) ?? ''));
  return `${functionName || '(anonymous)'} ${place}`.trim();
};

/** @param fromMs of the profile that is left out at its beginning */
const selfTimes = ({ samples, timeDeltas }: CpuProfile, fromMs: number): ReadonlyMap<number, number> => {
  const times = new Map<number, number>();
  let at = 0;
  for (const [index, id] of samples.entries()) {
    const delta = Math.max(0, timeDeltas[index] ?? 0);
    at += delta;
    if (at >= fromMs * 1000) times.set(id, (times.get(id) ?? 0) + delta);
  }
  return times;
};

/** The profile as one tree whose root is all the time that was not idle. */
export const frameOf = (profile: CpuProfile, fromMs = 0): Frame => {
  const own = selfTimes(profile, fromMs);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const build = (node: ProfileNode): Frame => {
    const callees = (node.children ?? []).flatMap((id) => {
      const callee = nodes.get(id);
      return callee && !waiting.includes(callee.callFrame.functionName) ? [build(callee)] : [];
    });
    const self = waiting.includes(node.callFrame.functionName) ? 0 : (own.get(node.id) ?? 0);
    const us = callees.reduce((sum, callee) => sum + callee.us, self);
    return { name: nameOf(node.callFrame), kind: kindOf(node.callFrame.url), us, callees };
  };
  const [root] = profile.nodes;
  if (!root) throw new Error('the profile is empty');
  return { ...build(root), name: 'all', kind: 'V8, C++' };
};

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const depthOf = (frame: Frame, scale: number): number =>
  frame.us * scale < thinnest ? 0 : 1 + Math.max(0, ...frame.callees.map((one) => depthOf(one, scale)));

const box = (frame: Frame, x: number, y: number, scale: number, allUs: number): string => {
  const wide = frame.us * scale;
  const letters = Math.floor((wide - 4) / letterWidth);
  const text =
    letters < 3
      ? ''
      : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escapeXml(frame.name.slice(0, letters))}</text>`;
  const share = ((100 * frame.us) / allUs).toFixed(1);
  const title = `${escapeXml(frame.name)}: ${(frame.us / 1000).toFixed(1)} ms, ${share} %`;
  const rectangle = `<rect x="${x.toFixed(1)}" y="${y}" width="${wide.toFixed(1)}" height="${rowHeight - 1}" fill="${colours[frame.kind]}"/>`;
  return `<g><title>${title}</title>${rectangle}${text}</g>`;
};

const legend = (): string =>
  Object.entries(colours)
    .map(
      ([kind, colour], index) =>
        `<rect x="${4 + 150 * index}" y="24" width="12" height="12" fill="${colour}"/><text x="${20 + 150 * index}" y="34">${kind}</text>`,
    )
    .join('');

/** @param title stands above the picture */
export const drawFlameGraph = (root: Frame, title: string): string => {
  const scale = width / root.us;
  const height = headHeight + rowHeight * depthOf(root, scale);
  const boxes = (frame: Frame, x: number, depth: number): string[] => {
    if (frame.us * scale < thinnest) return [];
    const drawn = [box(frame, x, height - rowHeight * (depth + 1), scale, root.us)];
    let left = x;
    for (const callee of frame.callees.toSorted((a, b) => b.us - a.us)) {
      drawn.push(...boxes(callee, left, depth + 1));
      left += callee.us * scale;
    }
    return drawn;
  };
  const head = `<text x="4" y="16" font-size="13">${escapeXml(title)}</text>${legend()}`;
  const style = 'font-family="monospace" font-size="11"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${style}>\n<title>${escapeXml(title)}</title>\n<rect width="${width}" height="${height}" fill="white"/>\n${head}\n${boxes(root, 0, 0).join('\n')}\n</svg>\n`;
};

const main = ([from = '', to = '', fromMs = '0']: readonly string[]): void => {
  const root = frameOf(JSON.parse(readFileSync(from, 'utf8')) as CpuProfile, Number(fromMs));
  const name =
    to
      .split('/')
      .at(-1)
      ?.replace(/\.svg$/, '') ?? '';
  writeFileSync(to, drawFlameGraph(root, `${name}: ${(root.us / 1000).toFixed(0)} ms, idle time left out`));
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.slice(2));
