import type { Download, SourceDescription } from '../../download/download.ts';
import { asFerryError, FerryError, hasCode } from '../../errors.ts';
import type { Copy } from '../../state/copy.ts';
import type { ImportRef } from '../../state/refs.ts';
import { again, type Outcome } from '../../steps/outcome.ts';
import type { CopyRun } from '../record/copy-run.ts';
import type { CopyServices } from '../record/services.ts';

/** A source that is open for a copy, with the rights of one of those who wait. */
export interface Source {
  /** Whose rights they are. */
  readonly by: ImportRef;
  readonly download: Download;
  readonly source: SourceDescription;
}

const isOfRights = (error: unknown): boolean => hasCode(error, 'unauthorized', 'forbidden');

/**
 * Of a source, or of a token that has ended: another import's may do. To a client a refusal of the source's record is a
 * bad request, see glance-download.ts.
 */
const isRefusal = (error: unknown): boolean =>
  isOfRights(error) ||
  (error instanceof FerryError && error.code === 'bad-request' && isOfRights(error.cause));

export const mismatch = (download: Pick<Download, 'name'>, reason: string): FerryError =>
  new FerryError('data-mismatch', `Failed to copy ${download.name}: ${reason}`);

/** @throws FerryError `data-mismatch` when the source's record is not what it was when the copy began */
export const requireIdentity = (
  download: Pick<Download, 'name'>,
  { identity }: SourceDescription,
  pinned: string,
): void => {
  if (identity !== pinned) throw mismatch(download, 'the source changed while it was copied');
};

/**
 * The import that has begun the copy comes first: unlike those that have joined it, it proves its right to the data by
 * having it copied.
 */
const inOrder = ({ waiting, begunBy }: Copy): readonly ImportRef[] => {
  const isFirst = ({ taskId }: ImportRef): boolean => taskId === begunBy;
  return [...waiting.filter(isFirst), ...waiting.filter((ref) => !isFirst(ref))];
};

/**
 * Opens the source with the rights of the first who has them: one whose token is refused fails with the reason, the copy
 * goes on with the next one's.
 * @returns undefined when nobody waits any more
 * @throws FerryError `data-mismatch` when the source has changed
 */
const openSource = async ({ waiters }: CopyServices, run: CopyRun): Promise<Source | undefined> => {
  const { signal, subject } = run;
  for (const by of inOrder(subject)) {
    try {
      const download = await waiters.open(by, { signal });
      if (!download) continue;
      const source = await download.describe({ signal });
      requireIdentity(download, source, subject.identity);
      return { by, download, source };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await waiters.fail(by, asFerryError(error));
    }
  }
  return undefined;
};

/**
 * Work at an open source. A token that is refused ends its import alone. Where nobody has rights, those who wait are about
 * to leave, and somebody else may join meanwhile: the message comes again until the copy ends.
 */
export const withSource = async <T>(
  services: CopyServices,
  run: CopyRun,
  piece: (from: Source) => Promise<T>,
): Promise<T | Outcome> => {
  const from = await openSource(services, run);
  if (!from) return again(services.heartbeatS);
  try {
    return await piece(from);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await services.waiters.fail(from.by, asFerryError(error));
    return again();
  }
};
