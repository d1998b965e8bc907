// `npm run test:faults [-- --seed N --only NAME --runs N --short]`: imports between the emulated services, with whatever can
// go wrong between them. Ends with 0 only if every promise was kept in every run.
import { type Options, partsOf, readOptions } from './options.ts';
import { runPartElsewhere } from './part-process.ts';
import { report, reportRequests } from './report.ts';
import { sendGeneratedRequests } from './requests-process.ts';
import { sideBySide } from './side-by-side.ts';

const askMuch = async ({ requests: count, seed }: Options): Promise<boolean> => {
  if (count === 0) return true;
  const { summary, isKept } = await sendGeneratedRequests({ count, seed });
  if (isKept) reportRequests(summary, options);
  return isKept;
};

const options = readOptions(process.argv.slice(2));
const startedMs = performance.now();
const isAnswered = await askMuch(options);
const of = partsOf(options);
const parts = Array.from({ length: of }, (_, number) => ({ number, of }));
const tallies = await sideBySide(parts, options.processes, (part) =>
  runPartElsewhere(process.argv.slice(2), part),
);
report(tallies.flat(), options, (performance.now() - startedMs) / 1000);
process.exitCode = isAnswered && tallies.flat().every(({ isBroken }) => !isBroken) ? 0 : 1;
