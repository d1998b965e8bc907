const secondsPerHour = 3600;
/** What an import that never ends leaves in the table stays so long at most; SQS keeps messages for 14 days. */
const unfinishedTtlH = 15 * 24;

export const hoursFromNow = (hours: number): Date => new Date(Date.now() + hours * secondsPerHour * 1000);

/** For the table's time to live, in seconds since 1970. */
export const epochSeconds = (at: Date): number => Math.floor(at.getTime() / 1000);

/** `expiresAtS` of what belongs to an import that runs. */
export const unfinishedExpiresAtS = (): number => epochSeconds(hoursFromNow(unfinishedTtlH));
