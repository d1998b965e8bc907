import type { Table } from '../aws/table.ts';
import type { ClaimKey, TaskKey } from '../imports/record/task.ts';

/** What the table knows of a segment, item `segment#<task>#<number>`. Its lease is claims.ts's. */
export interface SegmentRecord {
  /** Bytes that the store has of it. */
  readonly copied?: number;
  /** Parts that its last run found when it began; absent while none has. See claims.ts. */
  readonly storedBefore?: number;
  readonly isDone?: boolean;
}

export interface SegmentRecords {
  /** Records of the segments from one number to another, by number; none of those that nobody has looked at. */
  between(key: TaskKey, from: number, to: number): Promise<ReadonlyMap<number, SegmentRecord>>;
  /** Progress, for the task list. */
  report(claim: ClaimKey, copied: number): Promise<void>;
  /** @returns false when the segment is not this attempt's any more */
  finish(claim: ClaimKey, copied: number): Promise<boolean>;
}

/** Of all segments of a task. */
export const segmentItems = ({ id }: Pick<TaskKey, 'id'>): string => `segment#${id}#`;

export const segmentItem = ({ imageId, id }: TaskKey, number: number) => ({
  imageId,
  item: `${segmentItems({ id })}${String(number).padStart(5, '0')}`,
});

const numberOf = (item: unknown): number => Number(String(item).split('#').at(-1));

export const createSegmentRecords = (table: Table): SegmentRecords => {
  const update = (
    { imageId, taskId, attempt, segment = 0 }: ClaimKey,
    attributes: Pick<SegmentRecord, 'copied' | 'isDone'>,
  ) =>
    table.update(
      segmentItem({ imageId, id: taskId }, segment),
      { ...attributes },
      {
        expression: 'attempt = :attempt',
        values: { ':attempt': attempt },
      },
    );

  return {
    between: async (key, from, to) => {
      const [first, last] = [segmentItem(key, from), segmentItem(key, to)];
      const items = await table.queryBetween(key.imageId, first.item, last.item);
      return new Map(items.map((item) => [numberOf(item['item']), item as SegmentRecord]));
    },
    report: async (claim, copied) => {
      await update(claim, { copied });
    },
    finish: (claim, copied) => update(claim, { copied, isDone: true }),
  };
};
