import type { Out } from '../progress/out.ts';

/** What a command has of its surroundings. Results go to stdout, everything else to stderr. */
export interface Io {
  readonly stdout: Out;
  readonly stderr: Out;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends with Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/** The command was called in a way that it cannot be: exit code 64. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
}
