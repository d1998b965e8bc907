import { randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

// The format: https://www.qemu.org/docs/master/interop/qcow2.html. Numbers are big-endian.

const clusterBits = 16;
const clusterSize = 2 ** clusterBits;
/** Entries are 8 bytes, so a table of one cluster maps 8192 clusters, 512 MiB of the guest's disk. */
const entriesPerTable = clusterSize / 8;
/** "Bit 63: 0 for a cluster that is unused or requires COW, 1 if its refcount is exactly one." */
const copied = 1n << 63n;
const headerLength = 104;
const refcountOrder = 4; // 16 bits each

/** Order of the clusters in the file: header, refcount table, refcount block, L1, the L2 tables, data. */
const at = { refcountTable: 1, refcountBlock: 2, l1: 3, l2: 4 };
const offsetOf = (cluster: number) => BigInt(cluster) * BigInt(clusterSize);

function headerCluster(virtualSize: number, l1Entries: number): Buffer {
  const header = Buffer.alloc(clusterSize);
  header.write('QFI\xfb', 'latin1');
  header.writeUInt32BE(3, 4); // version
  header.writeUInt32BE(clusterBits, 20);
  header.writeBigUInt64BE(BigInt(virtualSize), 24);
  header.writeUInt32BE(l1Entries, 36);
  header.writeBigUInt64BE(offsetOf(at.l1), 40);
  header.writeBigUInt64BE(offsetOf(at.refcountTable), 48);
  header.writeUInt32BE(1, 56); // clusters of the refcount table
  header.writeUInt32BE(refcountOrder, 96);
  header.writeUInt32BE(headerLength, 100);
  return header;
}

/** One cluster of 64-bit entries; the rest is zero. */
function tableCluster(entries: readonly bigint[]): Buffer {
  const table = Buffer.alloc(clusterSize);
  entries.forEach((entry, i) => void table.writeBigUInt64BE(entry, i * 8));
  return table;
}

function refcountBlock(clusters: number): Buffer {
  const block = Buffer.alloc(clusterSize);
  for (let i = 0; i < clusters; i++) block.writeUInt16BE(1, i * 2);
  return block;
}

function* clustersOf(fileSize: number, virtualSize: number): Generator<Buffer> {
  const clusters = fileSize / clusterSize;
  const tables = Math.ceil(virtualSize / clusterSize / entriesPerTable);
  const firstData = at.l2 + tables;
  const dataPerTable = Math.ceil((clusters - firstData) / tables);
  yield headerCluster(virtualSize, tables);
  yield tableCluster([offsetOf(at.refcountBlock)]);
  yield refcountBlock(clusters);
  yield tableCluster(Array.from({ length: tables }, (_, i) => offsetOf(at.l2 + i) | copied));
  for (let table = 0; table < tables; table++) {
    const first = firstData + table * dataPerTable;
    const count = Math.min(dataPerTable, clusters - first);
    yield tableCluster(Array.from({ length: count }, (_, i) => offsetOf(first + i) | copied));
  }
  for (let i = firstData; i < clusters; i++) yield randomFillSync(Buffer.allocUnsafe(clusterSize));
}

/**
 * Writes a qcow2 (version 3) that `qemu-img check` finds no fault with: a guest's disk of which a part is written,
 * with random bytes.
 * @param fileSize bytes; a multiple of 64 KiB, at least 1 MiB and at most 2 GiB
 * @param virtualSize bytes of the guest's disk, at least twice the file's size
 */
export async function writeQcow2(file: string, fileSize: number, virtualSize: number): Promise<void> {
  const whole = fileSize % clusterSize === 0 && fileSize >= 16 * clusterSize;
  const oneRefcountBlock = fileSize / clusterSize <= clusterSize / 2;
  if (!whole || !oneRefcountBlock || virtualSize < 2 * fileSize) {
    throw new RangeError(`a qcow2 of ${fileSize} bytes for a disk of ${virtualSize} cannot be written`);
  }
  await pipeline(Readable.from(clustersOf(fileSize, virtualSize)), createWriteStream(file));
}
