import type { Download, SourceDescription } from '../../lib/download/download.ts';
import type { OpenAccess } from '../../lib/imports/access/access.ts';
import type { Glance } from '../../lib/openstack/glance/glance.ts';
import type { ImageId } from '../../lib/schemas/ids.ts';
import type { GlanceImage } from '../../lib/schemas/openstack.ts';
import type { Task } from '../../lib/state/task.ts';
import { type Bytes, digests } from './bytes.ts';
import type { Clock } from './clock.ts';

const formats = { disk_format: 'qcow2', container_format: 'bare' };

const sourceRecord = (id: string, size: number): GlanceImage => ({
  ...{ id, status: 'active', size, ...formats },
  ...{ os_hash_algo: 'sha512', os_hash_value: digests.sha512, os_distro: 'debian' },
});

/** Keystone and Glances that say yes, after a while. @param sizeOf bytes of a source image */
export const createOpenStack = (
  { clock, bytes, overheadS }: { readonly clock: Clock; readonly bytes: Bytes; readonly overheadS: number },
  sizeOf: (sourceId: ImageId) => number,
): OpenAccess => {
  const targets = new Map<string, GlanceImage>();

  const sourceOf = (task: Task): Download => {
    const id = task.source.kind === 'glance-download' ? task.source.imageId : task.imageId;
    const size = sizeOf(id);
    const description: SourceDescription = {
      size,
      hashes: [{ algorithm: 'sha512', value: digests.sha512 }],
      identity: `${size} bytes sha512 ${digests.sha512}`,
      isResumable: true,
      record: sourceRecord(id, size),
    };
    const download: Pick<Download, 'name' | 'describe' | 'probeRanges'> = {
      name: `image ${id}`,
      describe: async () => description,
      probeRanges: async () => true,
    };
    // The rest of it moves bytes.
    return download as Download;
  };

  /** The Glance of a task's target. */
  const targetOf = ({ imageId: id }: Task): Glance => {
    const image = () => targets.get(id) ?? { id, status: 'queued' };
    const glance: Pick<Glance, 'image' | 'patch' | 'upload'> = {
      image: async () => image(),
      patch: async () => image(),
      upload: async (_, { size }, { signal }) => {
        await bytes.upload(size, signal);
        targets.set(id, { ...sourceRecord(id, size), status: 'active' });
      },
    };
    return glance as Glance;
  };

  return async (task) => {
    await clock.sleep(overheadS);
    return { target: targetOf(task), source: undefined, download: sourceOf(task) };
  };
};
