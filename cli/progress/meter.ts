/** Bytes that were there at a time. */
interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** How fast something grows, by the last half minute. A value: each sample makes another one. */
export interface Meter {
  readonly samples: readonly Sample[];
}

export const newMeter: Meter = { samples: [] };

/** ms. Tasks tell whole MiB, once a second: less would jump. */
const looksBackMs = 30_000;

/** What shrinks has begun anew. */
export const metered = ({ samples }: Meter, sample: Sample): Meter => {
  const last = samples.at(-1);
  if (last && (sample.bytes < last.bytes || sample.atMs < last.atMs)) return { samples: [sample] };
  const recent = samples.filter(({ atMs }) => sample.atMs - atMs <= looksBackMs);
  return { samples: [...recent, sample] };
};

/** @returns undefined as long as nobody can say */
export const bytesPerSecond = ({ samples }: Meter): number | undefined => {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs - first.atMs < 1000) return undefined;
  return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
};
