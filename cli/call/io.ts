/** A stream that text is written to, and what is known of the terminal behind it. */
export interface Out {
  readonly isTTY?: boolean;
  /** Of the terminal; undefined in a pipe. */
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

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
