import { bytesText, timeText } from '../progress/amounts.ts';
import { fill, printable, widthOf } from '../progress/width.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';
import type { Io } from './io.ts';

/** What has come of a region. */
export interface RegionResult {
  /** Of the image there. */
  readonly id?: string;
  /** In a word: `active`, `running`, `cancelled`, `failed`. */
  readonly status: string;
  /** `sha512:<hex>`. */
  readonly hash?: string;
  readonly bytes?: number;
  /** From the call's beginning to the region's end. */
  readonly seconds?: number;
  /** Why not. */
  readonly reason?: string;
  /** Whether it is what was asked for. */
  readonly isOk: boolean;
}

export type Results = ReadonlyMap<string, RegionResult>;

/** For machines: every field of every region. */
const forMachines = (results: Results): object =>
  Object.fromEntries(
    [...results].map(([region, { isOk: _, ...told }]) => {
      const { id = null, status, hash = null, bytes = null, seconds = null, reason = null } = told;
      return [region, { id, status, hash, bytes, seconds, reason }];
    }),
  );

const amountsOf = ({ bytes, seconds }: RegionResult): string => {
  if (bytes === undefined) return '';
  return seconds === undefined ? bytesText(bytes) : `${bytesText(bytes)} in ${timeText(seconds)}`;
};

const forPeople = (results: Results): string => {
  const room = Math.max(0, ...[...results.keys()].map((region) => widthOf(printable(region))));
  return [...results]
    .map(([region, result]) => {
      const told = [result.status, result.id ?? '', amountsOf(result), printable(result.reason ?? '')];
      return `${fill(printable(region), room)}  ${told.filter((text) => text !== '').join('  ')}\n`;
    })
    .join('');
};

/** Results on stdout, and what a script reads of them. */
export const tellResults = (
  { stdout }: Pick<Io, 'stdout'>,
  { json = false }: { readonly json?: boolean },
  results: Results,
): ExitCode => {
  stdout.write(json ? `${JSON.stringify(forMachines(results))}\n` : forPeople(results));
  return exitCodeOf([...results.values()].map(({ isOk }) => isOk));
};
