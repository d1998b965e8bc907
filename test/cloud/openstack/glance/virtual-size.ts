const qcow2Magic = 0x514649fb;

/** What Glance finds in the first bytes: of raw images the size, of qcow2 the header's; else nothing. */
export function virtualSize(
  diskFormat: string | null,
  { head, size }: { readonly head: Buffer; readonly size: number },
): number | null {
  if (diskFormat === 'raw') return size || null;
  const isQcow2 = diskFormat === 'qcow2' && head.length >= 32 && head.readUInt32BE(0) === qcow2Magic;
  // docs/interop/qcow2.txt: bytes 24-31, big endian, virtual disk size in bytes.
  return isQcow2 ? Number(head.readBigUInt64BE(24)) : null;
}
