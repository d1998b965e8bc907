import { afterAll, beforeEach } from 'vitest';

// What the functions log in a test's own process is kept back, and printed where the test fails. A file that looks at the
// log itself stands before this.

process.env['POWERTOOLS_LOG_LEVEL'] = 'INFO';

let lines: string[] = [];

/** A line of the log, which begins with its level. */
const isOfLog = (text: unknown): text is string => typeof text === 'string' && text.startsWith('{"level":');

/** @returns what ends it */
const keepLines = (stream: NodeJS.WriteStream): (() => void) => {
  const { write } = stream;
  const keepOrWrite = (...all: Parameters<typeof write>): boolean =>
    isOfLog(all[0]) ? lines.push(all[0]) > 0 : write.apply(stream, all);
  Object.assign(stream, { write: keepOrWrite });
  return () => void Object.assign(stream, { write });
};

const ends = [process.stdout, process.stderr].map(keepLines);
afterAll(() => {
  for (const end of ends) end();
});

beforeEach(({ onTestFailed }) => {
  lines = [];
  onTestFailed(({ task }) => void process.stderr.write(`Log of "${task.name}":\n${lines.join('')}`));
});
