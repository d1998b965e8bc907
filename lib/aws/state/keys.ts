import type { CopyId, Generation, ImageId, RegionName, TaskId } from '../../schemas/ids.ts';
import type { Lock } from '../../state/locks.ts';
import type { StepName } from '../../state/messages.ts';
import type { ImportRef, Making, Target } from '../../state/refs.ts';
import type { Key } from '../table.ts';

// Where everything lies in the table: `subject`, then `item`.
//   image#<imageId>#<region>   claim, task#<taskId>
//   copy#<copyId>              copy, part#<generation>#<number>
//   step#<name>                seat#<projectId>#<number>, seat#<projectId>#first
//   policy#<name>              lock#<region>

/** The region is last: Keystone lets it hold anything, also `#`. */
const targetSubject = ({ imageId, region }: Target): string => `image#${imageId}#${region}`;
export const copySubject = (copyId: CopyId): string => `copy#${copyId}`;
export const stepSubject = (step: StepName): string => `step#${step}`;

export const claimKey = (target: Target): Key => ({ subject: targetSubject(target), item: 'claim' });
export const taskKey = (ref: ImportRef): Key => ({
  subject: targetSubject(ref),
  item: `task#${ref.taskId}`,
});
export const tasksAt = (target: Target) => ({ subject: targetSubject(target), prefix: 'task#' });

export const copyKey = (copyId: CopyId): Key => ({ subject: copySubject(copyId), item: 'copy' });
/** Of one making of a copy, so that nothing of an earlier one is taken for its own. */
export const partPrefix = ({ generation }: Pick<Making, 'generation'>): string => `part#${generation}#`;
/** Ten thousand parts at most, so five digits sort them. */
export const partItem = (copy: Pick<Making, 'generation'>, number: number): string =>
  `${partPrefix(copy)}${String(number).padStart(5, '0')}`;

export const seatPrefix = 'seat#';
export const seatItem = (projectId: string, number: number): string =>
  `${seatPrefix}${projectId}#${String(number).padStart(4, '0')}`;
export const firstItem = (projectId: string): string => `${seatPrefix}${projectId}#first`;

export const lockKey = ({ policy, region }: Lock): Key => ({
  subject: `policy#${policy}`,
  item: `lock#${region}`,
});

/** What an item is. */
export type Named =
  | ({ readonly kind: 'claim' } & Target)
  | ({ readonly kind: 'task' } & ImportRef)
  | { readonly kind: 'copy'; readonly copyId: CopyId }
  | { readonly kind: 'part'; readonly copyId: CopyId; readonly generation: Generation }
  | { readonly kind: 'seat' };

const targetOf = (rest: string): Target => {
  const [imageId = ''] = rest.split('#', 1);
  return { imageId: imageId as ImageId, region: rest.slice(imageId.length + 1) as RegionName };
};

/** @returns undefined for what is none of ours */
export const namedBy = ({ subject, item }: Key): Named | undefined => {
  const [about = ''] = subject.split('#', 1);
  const rest = subject.slice(about.length + 1);
  const [kind, id = ''] = item.split('#');
  if (about === 'image' && item === 'claim') return { kind: 'claim', ...targetOf(rest) };
  if (about === 'image' && kind === 'task') return { kind, ...targetOf(rest), taskId: id as TaskId };
  if (about === 'copy' && item === 'copy') return { kind: 'copy', copyId: rest as CopyId };
  if (about === 'copy' && kind === 'part')
    return { kind, copyId: rest as CopyId, generation: id as Generation };
  return about === 'step' && kind === 'seat' ? { kind } : undefined;
};

/** An import as an element of a set: `<imageId>#<taskId>#<region>`. */
export const refText = ({ imageId, taskId, region }: ImportRef): string => `${imageId}#${taskId}#${region}`;

export const refOfText = (text: string): ImportRef => {
  const [imageId = '', taskId = ''] = text.split('#', 2);
  const region = text.slice(imageId.length + taskId.length + 2);
  return { region: region as RegionName, imageId: imageId as ImageId, taskId: taskId as TaskId };
};
