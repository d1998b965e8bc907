import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  countFailed,
  countNotSynced,
  countStarted,
  countSucceeded,
  countSynced,
  countUntold,
  stepTook,
} from '../../lib/metrics.ts';

/** What a function wrote on stdout, line by line. */
const linesOf = (tell: () => void): Record<string, unknown>[] => {
  const written: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  tell();
  stdout.mockRestore();
  return written.map((line) => JSON.parse(line) as Record<string, unknown>);
};

/** Dimensions, then names and units, as CloudWatch would take them out of the line. */
const declared = (line: Record<string, unknown> = {}): unknown =>
  (line['_aws'] as { CloudWatchMetrics: unknown }).CloudWatchMetrics;

describe('metrics', () => {
  beforeEach(() => {
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
    vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'glance-ferry');
    vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'glance-ferry-prod');
  });
  afterEach(() => void vi.unstubAllEnvs());

  const under = (Dimensions: string[][], ...Metrics: { Name: string; Unit: string }[]) => [
    { Namespace: 'glance-ferry-prod', Dimensions, Metrics },
  ];

  test('an import that started is one line in the embedded metric format', () => {
    const [line, ...more] = linesOf(() => countStarted('REGION2'));
    expect(more).toEqual([]);
    expect(line).toMatchObject({ service: 'glance-ferry', ImportsStarted: 1, region: 'REGION2' });
    expect(declared(line)).toEqual(
      under([['service'], ['service', 'region']], { Name: 'ImportsStarted', Unit: 'Count' }),
    );
  });

  test('an import that succeeded tells its bytes and its seconds', () => {
    const [line] = linesOf(() => countSucceeded({ region: 'REGION2', bytes: 5, seconds: 1.5 }));
    expect(line).toMatchObject({ ImportsSucceeded: 1, ImportBytes: 5, ImportSeconds: 1.5 });
    expect(declared(line)).toEqual(
      under(
        [['service'], ['service', 'region']],
        { Name: 'ImportsSucceeded', Unit: 'Count' },
        { Name: 'ImportBytes', Unit: 'Bytes' },
        { Name: 'ImportSeconds', Unit: 'Seconds' },
      ),
    );
  });

  test('an import that failed counts among all, among those of its code, and among those to its region', () => {
    const [line] = linesOf(() => countFailed('data-mismatch', 'REGION2'));
    expect(line).toMatchObject({ ImportsFailed: 1, code: 'data-mismatch' });
    expect(declared(line)).toEqual(
      under([['service'], ['service', 'code'], ['service', 'region']], {
        Name: 'ImportsFailed',
        Unit: 'Count',
      }),
    );
  });

  test.each([
    ['Süd West', 'S%C3%BCd West'],
    ['eu.central/1 日本', 'eu.central/1 %E6%97%A5%E6%9C%AC'],
    ['\ud800', '%EF%BF%BD'],
  ])('the region %j stands in ASCII, which is all that CloudWatch takes', (region, shown) => {
    expect(linesOf(() => countStarted(region))[0]).toMatchObject({ region: shown });
  });

  test('the seconds of a run stand under its step', () => {
    const [line] = linesOf(() => stepTook('apply-metadata', 12.25));
    expect(line).toMatchObject({ step: 'apply-metadata', StepSeconds: 12.25 });
    expect(declared(line)).toEqual(under([['service', 'step']], { Name: 'StepSeconds', Unit: 'Seconds' }));
  });

  test('a change of state that the bus did not take counts by itself', () => {
    const [line] = linesOf(countUntold);
    expect(line).toMatchObject({ EventsLost: 1 });
    expect(declared(line)).toEqual(under([['service']], { Name: 'EventsLost', Unit: 'Count' }));
  });

  test('nothing of one event is in the next, also when they come side by side', () => {
    const lines = linesOf(() => {
      countFailed('conflict', 'REGION2');
      countStarted('REGION2');
    });
    expect(Object.keys(lines[1] ?? {}).sort()).toEqual(['ImportsStarted', '_aws', 'region', 'service']);
  });

  test('are silent where they are turned off', () => {
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true');
    expect(linesOf(() => countStarted('REGION2'))).toEqual([]);
  });

  test('a run of sync-images tells what it has done in a region, and what it could not do at all', () => {
    const done = { copied: 30, bytes: 5, updated: 2, retired: 1, kept: 3, failed: 0 };
    const [line, all] = linesOf(() => {
      countSynced('REGION2', done);
      countNotSynced(1);
    });
    expect(line).toMatchObject({
      ...{ region: 'REGION2', SyncCopied: 30, SyncBytes: 5, SyncUpdated: 2, SyncRetired: 1, SyncKept: 3 },
      SyncFailed: 0,
    });
    expect(declared(line)).toMatchObject([{ Dimensions: [['service'], ['service', 'region']] }]);
    expect(all).toMatchObject({ SyncFailed: 1 });
    expect(declared(all)).toMatchObject([{ Dimensions: [['service']] }]);
  });
});
