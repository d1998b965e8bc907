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

/** The first bytes as text, at most so many; then nobody reads any more. */
export const textOf = async (reader: ByteReader, most: number): Promise<string> => {
  const bytes = Buffer.alloc(most);
  const length = await fillWhole(reader, bytes);
  reader.close();
  return bytes.toString('utf8', 0, length);
};
