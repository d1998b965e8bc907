import { afterEach, describe, expect, test } from 'vitest';
import { portsHelp, readOptions, withPortHint } from './options.ts';

afterEach(() => {
  delete process.env['S3_PORT'];
});

describe('ports', () => {
  test('are the same ones each time for npm start, and free ones for the demo', () => {
    expect(readOptions([], { free: false }).ports).toMatchObject({
      api: 9280,
      keystone: 9281,
      dynamodb: 9286,
    });
    expect(new Set(Object.values(readOptions([], { free: true }).ports))).toEqual(new Set([0]));
    expect(portsHelp({ free: false })).toContain('9280, 0 for a free one');
  });

  test('come from a variable, or from a flag, which wins', () => {
    process.env['S3_PORT'] = '1';
    expect(readOptions([], { free: true }).ports.s3).toBe(1);
    expect(readOptions(['--s3-port', '0'], { free: false }).ports.s3).toBe(0);
  });

  test.each(['x', '-1', '65536', '1.5'])('cannot be %s', (port) => {
    expect(() => readOptions([`--s3-port=${port}`], { free: true })).toThrow('--s3-port must be a port');
  });

  test('that are in use are reported with the flag that changes them', () => {
    const { ports } = readOptions([], { free: false });
    const inUse = new Error('cannot listen on 127.0.0.1:9285');
    expect(() => withPortHint(ports)(inUse)).toThrow(
      'Port 9285 for S3 is not free. --s3-port gives it another one',
    );
    expect(() => withPortHint(ports)(new Error('something else'))).toThrow('something else');
  });
});

test('an option that does not exist is refused', () => {
  expect(() => readOptions(['--bogus'], { free: true })).toThrow('--bogus');
});
