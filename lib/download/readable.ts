import type { Download } from './download.ts';

/**
 * Proves that whoever opened the source may have its data: asks for its first byte, or for the whole where it has no
 * ranges, and reads no more of it.
 * @throws FerryError as `open` does: who sees an image's record may be refused its data (Glance's policy `download_image`)
 */
export const requireReadable = async (
  source: Download,
  { size, signal }: { readonly size: number | undefined; readonly signal: AbortSignal },
): Promise<void> => {
  if (size && (await source.probeRanges({ size, signal }))) return;
  (await source.open({ ...(size !== undefined && { size }), signal })).body.close();
};
