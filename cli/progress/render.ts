import { bytesText, speedText, timeText } from './amounts.ts';
import { cut, fill, printable, widthOf } from './width.ts';

/** How far a region is. */
export interface Row {
  readonly region: string;
  /** In a word or two: `queued`, `copying`, `active`, `failed`. */
  readonly state: string;
  readonly doneBytes?: number;
  readonly totalBytes?: number;
  readonly bytesPerSecond?: number;
  /** Why it failed, or what is to be known. */
  readonly note?: string;
}

const shareOf = ({ doneBytes, totalBytes }: Row): number | undefined =>
  doneBytes === undefined || totalBytes === undefined
    ? undefined
    : Math.min(1, Math.max(0, totalBytes === 0 ? 1 : doneBytes / totalBytes));

/** Never 100 % before the last byte. */
const percentOf = (row: Row): string => {
  const share = shareOf(row);
  return share === undefined ? '' : `${Math.floor(share * 100)} %`;
};

const speedOf = ({ bytesPerSecond }: Row): string =>
  bytesPerSecond === undefined ? '' : speedText(bytesPerSecond);

const leftOf = ({ doneBytes = 0, totalBytes, bytesPerSecond }: Row): string => {
  if (totalBytes === undefined || !bytesPerSecond || doneBytes >= totalBytes) return '';
  return timeText((totalBytes - doneBytes) / bytesPerSecond);
};

const bar = (share: number | undefined, room: number): string => {
  const filled = Math.floor((share ?? 0) * (room - 2));
  return `[${'#'.repeat(filled)}${'.'.repeat(room - 2 - filled)}]`;
};

/** Columns of what stands beside the bar: percent, speed, time left; each with the blanks before it. */
const columns = { percent: 6, speed: 13, left: 9 } as const;
const leastBar = 10;
const longestState = 12;

const line = (row: Row, nameRoom: number, width: number): string => {
  const name = fill(printable(row.region), nameRoom);
  const state = printable(row.state);
  if (row.note !== undefined) return cut(`${name}  ${state}: ${printable(row.note)}`, width);
  const shown = shareOf(row) === undefined ? undefined : bytesText(row.totalBytes ?? 0);
  if (shown === undefined) return cut(`${name}  ${state}`, width);
  let room = width - nameRoom - 2 - columns.percent - 2 - longestState;
  const hasSpeed = room - columns.speed - columns.left >= leastBar;
  if (hasSpeed) room -= columns.speed + columns.left;
  if (room < leastBar) return cut(`${name}  ${percentOf(row)}  ${state}`, width);
  const speed = hasSpeed
    ? `${fill(speedOf(row), columns.speed, 'end')}${fill(leftOf(row), columns.left, 'end')}`
    : '';
  const shape = bar(shareOf(row), Math.min(60, room));
  const percent = fill(percentOf(row), columns.percent, 'end');
  return cut(`${name}  ${shape}${percent}${speed}  ${state}`, width);
};

/**
 * A line for each region, none wider than there is room: name, bar, percent, speed, time left, state. What there is no room
 * for is left out, the bar last of all.
 * @param width columns
 */
export const render = (rows: readonly Row[], width: number): readonly string[] => {
  const longest = Math.max(0, ...rows.map(({ region }) => widthOf(printable(region))));
  const nameRoom = Math.min(longest, Math.max(8, Math.floor(width / 3)));
  return rows.map((row) => line(row, Math.min(nameRoom, width), width));
};

/** One line for all, where there is no terminal: `REGION2 42 % of 2 GiB, 48 MiB/s, 1:05 left; REGION3 queued`. */
export const inOneLine = (rows: readonly Row[]): string =>
  rows
    .map((row) => {
      const [percent, left] = [percentOf(row), leftOf(row)];
      const amounts = [
        ...(percent ? [`${percent} of ${bytesText(row.totalBytes ?? 0)}`] : []),
        ...(speedOf(row) ? [speedOf(row)] : []),
        ...(left ? [`${left} left`] : []),
      ].join(', ');
      const note = row.note === undefined ? '' : `: ${printable(row.note)}`;
      return `${printable(row.region)} ${printable(row.state)}${amounts && ` ${amounts}`}${note}`;
    })
    .join('; ');
