/** What a caller's script reads: whether all regions have it, none, or some. 64 is EX_USAGE of sysexits.h. */
export const exitCodes = { all: 0, none: 1, some: 2, wrongUse: 64 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Of what was done in several places. @param outcomes whether each went well; none at all is all */
export const exitCodeOf = (outcomes: readonly boolean[]): ExitCode => {
  if (outcomes.every(Boolean)) return exitCodes.all;
  return outcomes.some(Boolean) ? exitCodes.some : exitCodes.none;
};
