import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import type { Call, CallLog } from './call-log.ts';
import type { Fault } from './faults.ts';

/** What happens at a call. A death `during` a call comes when half of it is done: a body on its way. */
export type Fate =
  | { readonly kind: 'pass' }
  | { readonly kind: 'die'; readonly when: 'before' | 'during' | 'after' }
  | { readonly kind: 'fault'; readonly fault: Fault };

export const pass: Fate = { kind: 'pass' };

/** How a received message gets to its function: how late (ms), once for each number; without one it is lost. */
export interface Delivery {
  readonly delaysMs: readonly number[];
}

/** What goes wrong in one run. It is asked once for each call, message and invocation. */
export interface Plan {
  fateOf(call: Call): Fate;
  deliver?(step: string, received: number): Delivery;
  /** How far the clock of this invocation's machine is off, ms. */
  skewMs?(step: string, number: number): number;
}

/** Imports from their requests to their ends, whatever happens meanwhile. */
export interface Run {
  readonly plan: Plan;
  readonly calls: CallLog;
  /** Lines that the functions logged. */
  readonly logs: string[];
  /** Bodies of the messages that the functions sent. */
  readonly sent: string[];
  /** Of this run from now on, whoever they come to. */
  readonly send: (body: string) => void;
  /** Keys in the relay bucket that the functions have named. */
  readonly relayKeys: Set<string>;
  /** Of targets and copies, in the table, that the functions have named. */
  readonly subjects: Set<string>;
  /** What each path of a Glance was answered last, for a replica that is behind. */
  readonly answers: Map<string, Fault>;
  /** Messages that got lost: nobody comes again for what they have begun. */
  lost: number;
  /** Invocations that died. */
  deaths: number;
  /** Invocations at work. */
  readonly alive: Set<Invocation>;
  /** How often each step was invoked so far. */
  readonly invoked: Map<string, number>;
}

/** One process of a function, at work for one run. It may die. */
export interface Invocation {
  readonly run: Run;
  readonly step: string;
  /** 1 for the first invocation of this step. */
  readonly number: number;
  readonly skewMs: number;
  readonly sockets: Set<Socket>;
  readonly timers: Set<NodeJS.Timeout>;
  isDead: boolean;
  /** Resolves when it dies. */
  readonly death: Promise<'dead'>;
  die(): void;
}

/** @param told of each message that the functions send: what it names belongs to this run */
export const newRun = (plan: Plan, calls: CallLog, told: (body: string) => void = () => undefined): Run => {
  const sent: string[] = [];
  return {
    ...{ plan, calls, sent, logs: [], answers: new Map(), lost: 0, deaths: 0 },
    ...{ relayKeys: new Set(), subjects: new Set(), alive: new Set(), invoked: new Map() },
    send: (body) => {
      sent.push(body);
      told(body);
    },
  };
};

const storage = new AsyncLocalStorage<Invocation>();

/** Whose code is running; undefined for the emulated cloud and for the suite itself. */
export const currentInvocation = (): Invocation | undefined => storage.getStore();

/** For what a client library does on behalf of all its callers: pools of connections. */
export const outsideInvocations = <T>(work: () => T): T => storage.exit(work);

/** What a dead process awaits. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

const newInvocation = (run: Run, step: string): Invocation => {
  const number = (run.invoked.get(step) ?? 0) + 1;
  run.invoked.set(step, number);
  const { promise: death, resolve } = Promise.withResolvers<'dead'>();
  return {
    ...{ run, step, number, death, isDead: false, skewMs: run.plan.skewMs?.(step, number) ?? 0 },
    sockets: new Set(),
    timers: new Set(),
    die() {
      if (this.isDead) return;
      this.isDead = true;
      run.deaths += 1;
      for (const timer of this.timers) clearTimeout(timer);
      for (const socket of this.sockets) socket.destroy();
      resolve('dead');
    },
  };
};

/** Runs a function for a run until it returns or dies. @throws what the function throws */
export const invoke = async <T>(run: Run, step: string, work: () => Promise<T>): Promise<T | 'dead'> => {
  const invocation = newInvocation(run, step);
  run.alive.add(invocation);
  try {
    return await Promise.race([storage.run(invocation, work), invocation.death]);
  } finally {
    run.alive.delete(invocation);
  }
};
