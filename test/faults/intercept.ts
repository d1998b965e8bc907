import type { Service } from './call-log.ts';
import { currentInvocation, type Invocation } from './context.ts';
import type { FaultServer } from './fault-server.ts';

/** Which service listens where: `127.0.0.1:port` by the service's name. */
export type Services = ReadonlyMap<string, Service>;

/** What the interceptors of the three HTTP clients share. */
export interface Interception {
  readonly services: Services;
  readonly faults: FaultServer;
}

/** Replaces a method for as long as the suite runs. */
export const replaceMethod = <T extends object, K extends keyof T>(
  owner: T,
  name: K,
  replacement: (original: T[K]) => T[K],
): void => {
  owner[name] = replacement(owner[name]);
};

/** Clock, timers and logs of the functions: each invocation has a machine of its own. */
export const interceptMachine = (): void => {
  const now = Date.now.bind(Date);
  const skewed = (): number => now() + (currentInvocation()?.skewMs ?? 0);
  const RealDate = Date;
  class MachinesDate extends RealDate {
    constructor(...args: [] | [string | number | Date]) {
      if (args.length === 0) super(skewed());
      // A Date of parts (year, month, …) comes here as well; its type is Date's own business.
      else super(...args);
    }
    static override now = skewed;
  }
  globalThis.Date = MachinesDate as DateConstructor;

  const kept = (invocation: Invocation | undefined, timer: NodeJS.Timeout): NodeJS.Timeout => {
    invocation?.timers.add(timer);
    return timer;
  };
  const { setTimeout: later, setInterval: often } = globalThis;
  globalThis.setTimeout = Object.assign(
    (...args: Parameters<typeof later>) => kept(currentInvocation(), later(...args)),
    later,
  ) as typeof setTimeout;
  globalThis.setInterval = ((...args: Parameters<typeof often>) =>
    kept(currentInvocation(), often(...args))) as typeof setInterval;

  for (const stream of [process.stdout, process.stderr]) {
    replaceMethod(
      stream,
      'write',
      (write) =>
        ((...args: Parameters<typeof write>) => {
          const invocation = currentInvocation();
          if (!invocation) return write.apply(stream, args);
          invocation.run.logs.push(String(args[0]));
          return true;
        }) as typeof write,
    );
  }
};
