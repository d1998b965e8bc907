const msPerHour = 3_600_000;
/** What never ends leaves its items in the table so long at most; SQS keeps messages for 14 days. */
const unfinishedTtlH = 15 * 24;

export const hoursFromNow = (hours: number): Date => new Date(Date.now() + hours * msPerHour);

/** For the table's time to live, in seconds since 1970. */
export const epochSeconds = (at: Date): number => Math.floor(at.getTime() / 1000);

/** `expiresAtS` of what belongs to an import or a copy that has not ended. */
export const unfinishedExpiresAtS = (): number => epochSeconds(hoursFromNow(unfinishedTtlH));
