import { progressMessage, unproven } from '../../copies/record/progress-message.ts';
import type { Ending, Task } from '../../state/task.ts';

/** What Glance itself has said of the bytes that it took. */
export type Vouched = 'compared' | 'incomparable' | 'unseen';

/** What was not checked, in words that follow the success. */
const notes: Readonly<Record<Vouched, string>> = {
  compared: '',
  incomparable:
    '. The hash that Glance took of them could not be compared: nothing vouched for what it stored',
  unseen: '. Glance has taken them all, but its image was not seen active: look at it before it is used',
};

/** How an import ends that has succeeded, in Glance's words where it copies data. */
export const successOf = ({ transferred, activation }: Task, vouched: Vouched = 'compared'): Ending => ({
  status: 'success',
  message:
    transferred && activation !== 'none'
      ? `${progressMessage(transferred.size, undefined)}${unproven(transferred)}${notes[vouched]}`
      : 'Formats and properties are set',
});
