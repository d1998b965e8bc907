#!/usr/bin/env node
import { run } from './run.ts';

// The command `glance-ferry`: `npm run build:cli` makes one file of it, which needs nothing but Node.

/** Put in by the build. */
declare const ferryVersion: string;

// What the functions log is not for people who wait; the metrics that they write are for CloudWatch.
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';

const stopped = new AbortController();
// The second one ends the process as it is.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopped.abort(new Error(signal)));

const { stdout, stderr, env, argv } = process;
/** Who reads no further (`glance-ferry tasks … | head`) has enough. */
const isReadNoFurther = (error: Error): boolean => 'code' in error && error.code === 'EPIPE';
for (const out of [stdout, stderr])
  out.on('error', (error) => {
    if (!isReadNoFurther(error)) throw error;
  });

void run(argv.slice(2), { stdout, stderr, env, signal: stopped.signal }, ferryVersion).then((code) => {
  process.exitCode = code;
});
