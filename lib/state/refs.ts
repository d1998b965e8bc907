import type { CopyId, Generation, ImageId, RegionName, TaskId } from '../schemas/ids.ts';

// How imports and copies are named, everywhere: in keys, messages, logs and links.

/** Where an import's data goes: an image record, and the region that it is in. The same id may be in every region. */
export interface Target {
  readonly region: RegionName;
  readonly imageId: ImageId;
}

/** An import: its target, and its task. */
export interface ImportRef extends Target {
  readonly taskId: TaskId;
}

/** One making of a copy: the same source may be copied anew, when what it had left is cleared up or lost. */
export interface Making {
  readonly copyId: CopyId;
  readonly generation: Generation;
}

/** A row of a copy: segments that are copied one after the other. Row 0 is the copy as a whole. */
export interface RowRef {
  readonly copyId: CopyId;
  readonly row: number;
}

export const wholeCopy = 0;

/** The bare reference in something that has more. */
export const importRef = ({ region, imageId, taskId }: ImportRef): ImportRef => ({ region, imageId, taskId });
