import { unproven } from '../../copies/record/progress.ts';
import type { Ending, Task } from '../../state/task.ts';
import { MiB } from '../../transfer/part-plan.ts';

/** How an import ends that has succeeded, in Glance's words where it copies data. */
export const successOf = ({ transferred, activation }: Task): Ending => ({
  status: 'success',
  message:
    transferred && activation !== 'none'
      ? `Copied ${Math.floor(transferred.size / MiB)} MiB${unproven(transferred)}`
      : 'Formats and properties are set',
});
