/** A stream that text is written to, and what is known of the terminal behind it. */
export interface Out {
  readonly isTTY?: boolean;
  /** Of the terminal; undefined in a pipe. */
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}
