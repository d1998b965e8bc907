import { bytesPerSecond, type Meter, metered, newMeter } from './meter.ts';
import type { Row } from './render.ts';
import type { Screen } from './screen.ts';

/** What is new of a region. Speed is measured here. */
export type Update = Omit<Row, 'region' | 'bytesPerSecond'>;

/** The regions of one call, as they are. */
export interface Board {
  update(region: string, update: Update): void;
  end(): void;
}

/** @param regions in the order of the lines */
export const createBoard = (
  screen: Screen,
  regions: readonly string[],
  nowMs: () => number = Date.now,
): Board => {
  const rows = new Map<string, Row>(regions.map((region) => [region, { region, state: 'looking' }]));
  const meters = new Map<string, Meter>();

  const speedOf = (region: string, { state, doneBytes, totalBytes }: Update): number | undefined => {
    const key = `${region} ${state}`;
    if (doneBytes === undefined || doneBytes === totalBytes) return undefined;
    const meter = metered(meters.get(key) ?? newMeter, { atMs: nowMs(), bytes: doneBytes });
    meters.set(key, meter);
    return bytesPerSecond(meter);
  };

  return {
    update: (region, update) => {
      const speed = speedOf(region, update);
      rows.set(region, { region, ...update, ...(speed !== undefined && { bytesPerSecond: speed }) });
      screen.show([...rows.values()]);
    },
    end: () => screen.end(),
  };
};
