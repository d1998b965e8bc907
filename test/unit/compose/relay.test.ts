import { expect, test } from 'vitest';
import { composeRelay, composeTransferLimits } from '../../../lib/compose/relay.ts';
import { loadConfig } from '../../../lib/config.ts';
import { largestPartIn } from '../../../lib/transfer/part-plan.ts';

const MiB = 1024 ** 2;
const environment = {
  OS_AUTH_URL: 'http://keystone/v3',
  OS_REGION_NAME: 'REGION2',
  RELAY_BUCKET: 'relay',
};
const configOf = (more: Readonly<Record<string, string>>) =>
  loadConfig({ ...environment, ...more }, ['RELAY_BUCKET']);

test('every limit of a transfer is the setting of its name', () => {
  const config = configOf({
    PART_SIZE_MIB: '7',
    MAX_PARTS: '11',
    PARTS_IN_FLIGHT: '3',
    SEGMENT_SIZE_MIB: '70',
    SEGMENTS_AT_ONCE: '5',
    OS_DEFAULT__IMAGE_SIZE_CAP: '1234',
    SOURCE_RETRIES: '9',
    SOURCE_RETRY_DELAY_MS: '8',
    MINIMUM_RATE_KIB_S: '2',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1000',
  });
  expect(composeTransferLimits(config)).toEqual({
    partLimits: { partSize: 7 * MiB, maxParts: 11, largestPart: largestPartIn(1000 * MiB) },
    partsInFlight: 3,
    segmentLimits: { segmentSize: 70 * MiB, segmentsAtOnce: 5 },
    imageSizeCap: 1234,
    sourceBudget: { retries: 9, firstDelayMs: 8, forgottenAfter: 2 * 1024 * 60 },
  });
});

test.each([
  ['crc32', 'crc32'],
  ['md5', 'md5'],
  ['sha256', 'sha256'],
  ['none', 'crc32'], // for our own records alone
])('PART_CHECKSUM=%s is what proves a part to its store', (given, algorithm) => {
  process.env['AWS_REGION'] = 'us-east-1';
  const { relay } = composeRelay(configOf({ PART_CHECKSUM: given }));
  expect(relay.partAlgorithm).toBe(algorithm);
});

test('RELAY_KEEP_H is how long a copy stays, in hours', () => {
  process.env['AWS_REGION'] = 'us-east-1';
  expect(composeRelay(configOf({ RELAY_KEEP_H: '3' })).keepMs).toBe(3 * 3_600_000);
});
