import type { Result } from '../apply/result.ts';
import type { PolicyReport } from './sync-policy.ts';

/** Bytes; Lambda's own limit is 6 MB of JSON. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const mostBytes = 4 * 1024 * 1024;

interface Told {
  readonly policy: string;
  readonly regions: PolicyReport['regions'];
  readonly failed?: string;
  readonly isLeft?: true;
  readonly changes: readonly object[];
  /** How many changes there was no room for. */
  readonly omitted?: number;
}

const inLine = ({ change, outcome, reason }: Result): object => ({ ...change, outcome, reason });

/** As many as there is room for. */
const fitting = (lines: readonly object[], room: number): readonly object[] => {
  let left = room;
  const first = lines.findIndex((line) => {
    left -= Buffer.byteLength(JSON.stringify(line)) + 1;
    return left < 0;
  });
  return first < 0 ? lines : lines.slice(0, first);
};

/**
 * A run's reports as the function answers them: of a dry run the whole plan, of another one what failed and what was kept;
 * numbers say the rest.
 */
export const answerOf = (
  reports: readonly PolicyReport[],
  { isDry }: { readonly isDry: boolean },
): { readonly policies: readonly Told[] } => ({
  policies: reports.map(({ results, ...report }) => {
    const lines = results.filter(({ outcome }) => isDry || outcome !== 'done').map(inLine);
    const changes = fitting(lines, mostBytes / Math.max(1, reports.length));
    const omitted = lines.length - changes.length;
    return { ...report, changes, ...(omitted > 0 && { omitted }) };
  }),
});
