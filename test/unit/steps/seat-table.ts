import type { AttemptId } from '../../../lib/schemas/ids.ts';
import type { Seat, SeatTable, Waiting } from '../../../lib/state/seats.ts';

const firstMs = 30_000;

interface Lease {
  readonly projectId: string;
  readonly leaseUntil: number;
}

export interface SeatTableInMemory extends SeatTable {
  /** Who is seated, and who is the first of a project, also of those that have died. */
  readonly seated: ReadonlyMap<string, Seat & Lease & { readonly attempt: AttemptId }>;
  readonly firsts: ReadonlyMap<string, Waiting & Lease>;
}

const nameOf = ({ projectId, number }: Seat): string => `${projectId}#${number}`;
const isLive = ({ leaseUntil }: Lease): boolean => leaseUntil > Date.now();

/** The seats of one step, which keep what their contract promises. */
export const createSeatTableInMemory = (leaseMs: number): SeatTableInMemory => {
  const seated = new Map<string, Seat & Lease & { readonly attempt: AttemptId }>();
  const firsts = new Map<string, Waiting & Lease>();
  const ifHeld = (seat: Seat, attempt: AttemptId, change: () => void): void => {
    if (seated.get(nameOf(seat))?.attempt === attempt) change();
  };
  const sit = (seat: Seat, attempt: AttemptId): void => {
    seated.set(nameOf(seat), { ...seat, attempt, leaseUntil: Date.now() + leaseMs });
  };

  return {
    seated,
    firsts,
    look: async (projectId) => {
      const first = firsts.get(projectId);
      const isFirstLive = first && isLive(first);
      const dead = [...seated].filter(([, seat]) => seat.projectId === projectId && !isLive(seat));
      return {
        seats: [...seated.values()].filter(isLive).map(({ projectId, number }) => ({ projectId, number })),
        first: isFirstLive ? { projectId, work: first.work, sinceMs: first.sinceMs } : undefined,
        dead: [...dead.map(([name]) => name), ...(first && !isFirstLive ? [projectId] : [])],
      };
    },
    sitDown: async (seat, attempt) => {
      const taken = seated.get(nameOf(seat));
      if (taken && isLive(taken)) return false;
      sit(seat, attempt);
      return true;
    },
    keep: async (seat, attempt) => ifHeld(seat, attempt, () => sit(seat, attempt)),
    leave: async (seat, attempt) => ifHeld(seat, attempt, () => seated.delete(nameOf(seat))),
    waitFirst: async (waiting) => {
      firsts.set(waiting.projectId, { ...waiting, leaseUntil: Date.now() + firstMs });
    },
    forgetFirst: async ({ projectId, work }) => {
      if (firsts.get(projectId)?.work === work) firsts.delete(projectId);
    },
    clear: async (dead) => {
      for (const name of dead) {
        const [seat, first] = [seated.get(name), firsts.get(name)];
        if (seat && !isLive(seat)) seated.delete(name);
        if (first && !isLive(first)) firsts.delete(name);
      }
    },
  };
};
