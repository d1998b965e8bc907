import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GlanceClient, Image } from './glance.ts';
import { writeQcow2 } from './qcow2.ts';

/** What a source may carry: properties of every default prefix, and some that stay behind. */
const sourceRecord = {
  name: 'debian-13-source',
  disk_format: 'qcow2',
  container_format: 'bare',
  min_disk: 1,
  tags: ['demo'],
  hw_disk_bus: 'scsi',
  hw_scsi_model: 'virtio-scsi',
  'trait:HW_CPU_X86_AVX2': 'required',
  os_distro: 'debian',
  os_type: 'linux',
  os_secure_boot: 'optional',
  architecture: 'x86_64',
  built_by: 'the image factory',
};

const targetRecord = { name: 'debian-13', department: 'research' };

/** An active image, as a user would make it. @param size bytes, as writeQcow2 takes them */
export async function createSource(
  glance: GlanceClient,
  { dataDir, size }: { readonly dataDir: string; readonly size: number },
): Promise<Image> {
  const file = join(dataDir, 'disk.qcow2');
  await writeQcow2(file, size, 4 * size);
  const { id } = await glance.create(sourceRecord);
  await glance.upload(id, file);
  await rm(file);
  return glance.show(id);
}

/** An empty record, for an image to come. */
export const createTarget = (glance: GlanceClient): Promise<Image> => glance.create(targetRecord);
