import { createHash } from 'node:crypto';
import type { CopyId } from '../../schemas/ids.ts';
import type { Task, TaskSource } from '../../state/task.ts';

/** What makes two imports wait for the same copy. */
export interface CopyIdentity {
  readonly projectId: string;
  readonly source: TaskSource;
  /** Of the import, whose web-download is always a copy of its own: nothing tells that a URL's bytes are the same. */
  readonly taskId: string;
  /** What pins the source's bytes: size and hash of its record; size and `updated_at` where it has no hash. */
  readonly identity: string;
}

/** Whose a copy is: of the project with whose rights its source is read, in the source's cloud. */
export const copyProjectOf = ({ owner, source }: Pick<Task, 'owner' | 'source'>): string =>
  source.kind === 'web-download' ? owner : (source.projectId ?? owner);

const namesOf = ({ source, taskId }: CopyIdentity): readonly string[] =>
  source.kind === 'web-download'
    ? [source.kind, taskId]
    : [source.kind, source.region, source.interface, source.imageId, source.endpoint ?? ''];

/** The same for the same bytes of the same source, asked for by the same project; nothing else shares a copy. */
export const copyIdOf = (of: CopyIdentity): CopyId =>
  createHash('sha256')
    .update(JSON.stringify([of.projectId, ...namesOf(of), of.identity]))
    .digest('hex') as CopyId;

/** The id of the copy that an import waits for, of a source whose bytes are pinned by this. */
export const copyIdFor = (
  task: Pick<Task, 'owner' | 'source' | 'taskId'>,
  { identity }: Pick<CopyIdentity, 'identity'>,
): CopyId => {
  const { source, taskId } = task;
  return copyIdOf({ projectId: copyProjectOf(task), source, taskId, identity });
};
