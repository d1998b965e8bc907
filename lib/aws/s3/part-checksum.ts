/** What a part is proven by to its store, and known by when the same bytes come again. */
export type PartAlgorithm = 'crc32' | 'md5' | 'sha256';

/** How the store is to check each part: Swift ignores CRC headers, some stores ignore Content-MD5. */
export type PartChecksum = PartAlgorithm | 'none';

/** A part to be stored. */
export interface SentPart {
  readonly number: number;
  readonly bytes: Buffer;
  /** By the store's `partAlgorithm`, in base64. */
  readonly checksum: string;
}

/** The part's checksum as a parameter of UploadPart; a sha256 goes into the signature instead. */
export const checksumParameter = ({ checksum }: SentPart, kind: PartChecksum) => {
  if (kind === 'md5') return { ContentMD5: checksum };
  return kind === 'crc32' ? { ChecksumCRC32: checksum } : {};
};
