import type { Download } from '../../download/download.ts';
import type { FerryError } from '../../errors.ts';
import type { ImportRef } from '../../state/refs.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** The imports that wait for a copy, as far as a copy needs them: it knows nothing else of imports. */
export interface Waiters {
  /**
   * The source, with this import's rights; undefined when the import has ended, or has failed for good: then it is seen to
   * that it ends.
   */
  open(ref: ImportRef, options: Options): Promise<Download | undefined>;
  /**
   * A sign of life for an import, whose target must still want data.
   * @throws FerryError `not-found` or `conflict` when it does not
   */
  keep(ref: ImportRef, options: Options): Promise<void>;
  /** A sign of life alone, for an import whose copy waits for its turn. */
  touch(ref: ImportRef): Promise<void>;
  /** An import waits no longer: it fails with this reason, the copy goes on for the others. */
  fail(ref: ImportRef, error: FerryError): Promise<void>;
}
