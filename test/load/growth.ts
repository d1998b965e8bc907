import { median } from '../bench/rounds.ts';

/** How much more at the end than at the beginning still counts as flat. */
export interface Tolerance {
  /** Of the earlier value. */
  readonly percent: number;
  /** In the unit of the values. */
  readonly atLeast: number;
}

/** Flat in words, or by how much it has grown. */
export interface Growth {
  readonly from: number;
  readonly to: number;
  readonly isFlat: boolean;
}

/**
 * Compares the median of a series' last quarter with that of its second one: the first is for caches and pools to fill.
 * A leak grows with every import, so it shows between them; a median does not see what comes and goes.
 */
export const growthOf = (values: readonly number[], { percent, atLeast }: Tolerance): Growth => {
  const quarter = Math.max(1, Math.floor(values.length / 4));
  const from = median(values.slice(quarter, 2 * quarter));
  const to = median(values.slice(-quarter));
  return { from, to, isFlat: to - from <= Math.max(atLeast, (from * percent) / 100) };
};
