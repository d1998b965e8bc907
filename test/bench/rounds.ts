/** What one contender does once; the number is what the row compares (seconds, CPU seconds, …). */
export type Contender = () => Promise<number>;

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Nearest rank. @param share 0.5 is the median, 0.99 the slowest of a hundred but one */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
};

/**
 * All contenders in turn, round after round: A B C A B C …, so that a machine whose speed drifts is the same for all.
 * @returns the values by contender, in the order of the rounds
 */
export const alternate = async <Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  rounds: number,
): Promise<Readonly<Record<Name, readonly number[]>>> => {
  const names = Object.keys(contenders) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of names) {
      const value = await contenders[name]();
      values[name].push(value);
      console.log(`round ${round}/${rounds}  ${name.padEnd(40)} ${value.toFixed(2)}`);
    }
  }
  return values;
};

/** Ratios round by round, then their median: what drifts between rounds cancels out. */
export const medianRatio = (of: readonly number[], to: readonly number[]): number =>
  median(of.map((value, round) => value / (to[round] ?? Number.NaN)));
