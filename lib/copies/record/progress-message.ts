import type { Copy, Transferred } from '../../state/copy.ts';
import { MiB } from '../../transfer/part-plan.ts';
import { copiedBytes } from './rows.ts';

const inMiB = (bytes: number): string => `${Math.floor(bytes / MiB)} MiB`;

/** What the task list shows, in Glance's words for the part that Glance has. */
export const progressMessage = (
  done: number,
  size: number | undefined,
  what: 'Copied' | 'Verified' = 'Copied',
): string => (size === undefined ? `${what} ${inMiB(done)}` : `${what} ${inMiB(done)} of ${inMiB(size)}`);

/** What the task of an import shows that waits for a copy, whoever has begun it. */
export const copyProgress = (copy: Copy): string => {
  const { size, stored, transferred, verification } = copy;
  if (transferred) return progressMessage(transferred.size, transferred.size);
  if (stored) return progressMessage(verification?.offset ?? 0, stored.size, 'Verified');
  return progressMessage(copiedBytes(copy), size);
};

/** What an import that has succeeded says when a check could not be made. */
export const unproven = ({ provenBy }: Pick<Transferred, 'provenBy'>): string => {
  if (provenBy !== undefined && provenBy !== 'size') return '';
  const beyond = provenBy === 'size' ? ' beyond their size' : '';
  return `. The source has no hash that could be compared: nothing vouched for its bytes${beyond}`;
};
