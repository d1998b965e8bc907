import type { Io } from './io.ts';

/** Ends with Ctrl-C, and with `--timeout`, in ms. */
export const signalOf = (
  { signal }: Pick<Io, 'signal'>,
  { timeout }: { readonly timeout?: number },
): AbortSignal => (timeout === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeout)]));
