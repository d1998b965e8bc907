import { unproven } from '../../copies/record/progress.ts';
import type { Ending, Task } from '../../state/task.ts';
import { MiB } from '../../transfer/part-plan.ts';

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
      ? `Copied ${Math.floor(transferred.size / MiB)} MiB${unproven(transferred)}${notes[vouched]}`
      : 'Formats and properties are set',
});
