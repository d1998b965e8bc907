/** Bytes that come when they are asked for: who does not ask exerts back-pressure. */
export interface ByteReader {
  /**
   * Fills a buffer, or a part of it where what comes is interrupted: the next call goes on, or throws.
   * @returns how many bytes came; 0 when none are left
   */
  fill(target: Buffer): Promise<number>;
  /** Nobody reads any more. */
  close(): void;
}

/** Fills a buffer whole. @returns its length, or less at the end */
export const fillWhole = async (reader: ByteReader, buffer: Buffer): Promise<number> => {
  let filled = 0;
  while (filled < buffer.length) {
    const came = await reader.fill(buffer.subarray(filled));
    if (came === 0) break;
    filled += came;
  }
  return filled;
};
