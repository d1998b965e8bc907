import { createClaims } from '../../lib/aws/state/claims.ts';
import { createCopies } from '../../lib/aws/state/copies.ts';
import { createTasks } from '../../lib/aws/state/tasks.ts';
import type { Table } from '../../lib/aws/table.ts';
import type { OpenAccess } from '../../lib/imports/access/access.ts';
import type { CopyId } from '../../lib/schemas/ids.ts';
import { tellNobody } from '../../lib/state/announce.ts';
import type { Copies } from '../../lib/state/copies.ts';
import type { Send } from '../../lib/state/messages.ts';
import type { ImportRef } from '../../lib/state/refs.ts';
import type { Ending } from '../../lib/state/task.ts';
import type { Tasks } from '../../lib/state/tasks.ts';
import { leaseMsOf } from '../../lib/steps/heartbeat.ts';
import { MiB } from '../../lib/transfer/part-plan.ts';
import type { Assumptions } from './assumptions.ts';
import type { Bytes } from './bytes.ts';
import type { Clock } from './clock.ts';
import type { Load } from './load.ts';
import { createRelay } from './relay.ts';

export const heartbeatS = 20;
export const leaseMs = leaseMsOf(heartbeatS);
export const partLimits = { partSize: 16 * MiB, maxParts: 10_000 };

const lookAgainS = 0.5;

/** Who clears a copy up looks again and again whether it is at rest, by a timer that is not virtual. */
const atRest = (copies: Copies, clock: Clock) => async (copyId: CopyId) => {
  while (!(await copies.isAtRest(copyId))) await clock.sleep(lookAgainS);
  return true;
};

export interface ServicesOptions {
  readonly clock: Clock;
  readonly load: Load;
  readonly table: Table;
  readonly bytes: Bytes;
  readonly openAccess: OpenAccess;
  readonly send: Send;
  readonly assumed: Assumptions;
  /** An import has ended. */
  readonly ended: (ref: ImportRef, ending: Ending) => void;
}

/** All that functions are composed of: the state is the real one on a table in memory, the bytes are simulated. */
export const createServices = (options: ServicesOptions) => {
  const { clock, load, table, bytes, openAccess, send, assumed, ended } = options;
  const copies = createCopies(table, { leaseMs });
  const tasks: Tasks = createTasks(table, { ttlH: 48 });
  return {
    tasks: {
      ...tasks,
      finish: async (ref: ImportRef, ending: Ending): Promise<void> => {
        await tasks.finish(ref, ending);
        ended(ref, ending);
      },
    },
    claims: createClaims(table, { leaseMs }),
    copies: { ...copies, isAtRest: atRest(copies, clock) },
    relay: createRelay(load),
    bytes,
    openAccess,
    send,
    announce: tellNobody,
    keepMs: 0,
    heartbeatS,
    retryDelayS: 10,
    propertyRules: { prefixes: ['hw_', 'os_'], inject: {}, ignoreUserRoles: [] },
    partLimits,
    partsInFlight: 4,
    imageSizeCap: 6 * 1024 ** 4,
    sourceBudget: { retries: 5, firstDelayMs: 500 },
    segmentLimits: { segmentSize: assumed.segmentSize, segmentsAtOnce: assumed.segmentsAtOnce },
  };
};
