import { FerryError } from './errors.ts';
import { log } from './log.ts';

/**
 * Signals within so much time are one: npm passes a Ctrl-C on to a process that has had it from the terminal already.
 * https://github.com/npm/run-script/blob/main/lib/signal-manager.js
 */
const sameSignalMs = 500;

/**
 * SIGTERM and SIGINT of a process of its own: the first one lets what is at work end, the second one ends the process as it is.
 * @param who as the log calls it: `worker`
 */
export const stopOnSignals = (who: string): AbortSignal => {
  const controller = new AbortController();
  let firstMs = 0;
  const stop = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted && performance.now() - firstMs < sameSignalMs) return;
    if (controller.signal.aborted) process.exit(1);
    firstMs = performance.now();
    log.info(`${who} stops`, { signal });
    controller.abort(new FerryError('unavailable', `The ${who} was told to stop`));
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  return controller.signal;
};
