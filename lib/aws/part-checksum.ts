/** How the store is to check each part: Swift ignores CRC headers, some stores ignore Content-MD5. */
export type PartChecksum = 'crc32' | 'md5' | 'sha256' | 'none';

/** A part to be stored, with its checksums. */
export interface SentPart {
  readonly number: number;
  readonly bytes: Buffer;
  readonly crc32: number;
  /** Of the store's `partAlgorithm`. */
  readonly digest: Uint8Array | undefined;
}

/** S3 writes a CRC as four bytes, big-endian, in base64. */
export const crcText = (sum: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sum);
  return bytes.toString('base64');
};

/** The part's checksum as a parameter of UploadPart; a sha256 goes into the signature instead. */
export const checksumOf = ({ crc32, digest = new Uint8Array() }: SentPart, kind: PartChecksum) => {
  if (kind === 'md5') return { ContentMD5: Buffer.from(digest).toString('base64') };
  return kind === 'crc32' ? { ChecksumCRC32: crcText(crc32) } : {};
};
