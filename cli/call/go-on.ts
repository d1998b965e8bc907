import type { Io } from './io.ts';
import type { CommonOptions, WantedOptions } from './options.ts';
import type { Results } from './results.ts';

// What is told to who stops waiting: how to go on.

/** What an image was to become, and by whom that was asked for. */
export interface AskedCopy extends CommonOptions, WantedOptions {
  /** Its id. */
  readonly image: string;
  readonly from?: string;
}

/** For a shell. */
const quoted = (text: string): string =>
  /^[-\w./:@%+=,]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** The call of `wait` that ends as it was asked for: another one might publish what was to be kept private. */
export const waitLine = (to: readonly string[], asked: AskedCopy): string => {
  const { image, from, osCloud, url, id, name, visibility, property = {}, retireOlder = false } = asked;
  const said = { from, to: to.join(','), 'os-cloud': osCloud, url, id, name, visibility };
  const words = Object.entries(said).flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option} ${quoted(value)}`],
  );
  const properties = Object.entries(property).map(
    ([key, value]) => `--property ${quoted(`${key}=${value}`)}`,
  );
  const all = [...words, ...properties, ...(retireOlder ? ['--retire-older'] : [])];
  return `glance-ferry wait ${[quoted(image), ...all].join(' ')}`;
};

/** What goes on by itself, what does not, and how to have both. */
export const tellHowToGoOn = ({ stderr }: Pick<Io, 'stderr'>, asked: AskedCopy, results: Results): void => {
  const running = [...results].flatMap(([region, { status }]) => (status === 'running' ? [region] : []));
  if (running.length === 0) return;
  stderr.write(
    `The imports to ${running.join(',')} go on by themselves; what comes last, who sees the copies, does not.\n` +
      `This waits, and then sets it:\n  ${waitLine(running, asked)}\n`,
  );
};
