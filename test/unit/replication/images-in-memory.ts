import { FerryError } from '../../../lib/errors.ts';
import type { PatchOperation } from '../../../lib/openstack/glance/glance.ts';
import type { Images } from '../../../lib/openstack/glance/images.ts';
import type { ImageId } from '../../../lib/schemas/ids.ts';
import type { GlanceImage } from '../../../lib/schemas/openstack.ts';

/** Records of one region as Glance shows them; `members` and `inUse` beside what it shows. */
export interface MemoryRecord {
  readonly [name: string]: unknown;
  readonly id: string;
  readonly status: string;
  readonly members?: readonly string[];
  readonly inUse?: boolean;
}

export interface ImagesInMemory extends Images {
  /** All that is there now, by id. */
  readonly records: Map<string, MemoryRecord>;
  /** `patch <id>`, `remove <id>`, …: every call that changes something, done or refused. */
  readonly writes: string[];
}

const nameOf = ({ path }: PatchOperation): string =>
  path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');

/**
 * A region whose images are in memory.
 * @param interrupt called before each call, so that a test can have it fail, or die
 */
export const imagesInMemory = (
  initial: readonly MemoryRecord[],
  interrupt: (call: string) => void = () => undefined,
): ImagesInMemory => {
  const records = new Map(initial.map((record) => [record.id, record]));
  const writes: string[] = [];

  const found = (id: ImageId): MemoryRecord => {
    const record = records.get(id);
    if (!record) throw new FerryError('not-found', `No image found with ID ${id}`);
    return record;
  };
  const shown = (id: ImageId): GlanceImage => {
    const { members: _members, inUse: _inUse, ...image } = found(id);
    return image as GlanceImage;
  };
  const write = (call: string, id: ImageId, change: (record: MemoryRecord) => MemoryRecord): void => {
    interrupt(`${call} ${id}`);
    writes.push(`${call} ${id}`);
    records.set(id, change(found(id)));
  };
  const become = (call: string, status: string) => async (id: ImageId) =>
    write(call, id, (record) => ({ ...record, status }));

  const patched = (record: MemoryRecord, operations: readonly PatchOperation[]): MemoryRecord => {
    const changed: Record<string, unknown> = { ...record };
    for (const operation of operations)
      if (operation.op === 'remove') delete changed[nameOf(operation)];
      else changed[nameOf(operation)] = operation.value;
    return changed as MemoryRecord;
  };

  return {
    records,
    writes,
    async *list() {
      interrupt('list');
      yield [...records.keys()].map((id) => shown(id as ImageId));
    },
    image: async (id) => {
      interrupt(`image ${id}`);
      return shown(id);
    },
    create: async () => {
      throw new Error('nobody here creates');
    },
    patch: async (id, operations) => {
      write('patch', id, (record) => patched(record, operations));
      return shown(id);
    },
    remove: async (id) => {
      write('remove', id, (record) => {
        if (record.inUse)
          throw new FerryError('conflict', `Image ${id} could not be deleted because it is in use`);
        return record;
      });
      records.delete(id);
    },
    deactivate: become('deactivate', 'deactivated'),
    reactivate: become('reactivate', 'active'),
    members: async (id) => {
      interrupt(`members ${id}`);
      return found(id).members ?? [];
    },
    addMember: async (id, project) =>
      write('addMember', id, (record) => ({
        ...record,
        members: [...new Set([...(record.members ?? []), project])],
      })),
    removeMember: async (id, project) =>
      write('removeMember', id, (record) => ({
        ...record,
        members: (record.members ?? []).filter((one) => one !== project),
      })),
  };
};
