import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { PartAlgorithm } from '../../lib/aws/s3/part-checksum.ts';

/** What a copy tells its store of a part, taken another way: base64. */
export const partChecksum = (algorithm: PartAlgorithm, bytes: string | Buffer): string =>
  algorithm === 'crc32'
    ? Buffer.from(crc32(bytes).toString(16).padStart(8, '0'), 'hex').toString('base64')
    : createHash(algorithm).update(bytes).digest('base64');
