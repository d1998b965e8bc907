import { asFerryError } from '../../errors.ts';
import type { Change } from '../plan/change.ts';
import { kept, timeEnded, type Verdict } from './result.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** Plans anew, of what is there by now. */
export type PlanAgain = (options: Options) => Promise<readonly Change[]>;

export const isRetirement = (change: Change): boolean => change.isRetirement === true;

const sameOf = (change: Change): string => {
  const names = change.kind === 'update' ? Object.keys(change.set).sort() : [];
  return JSON.stringify([change.region, change.image, change.kind, names]);
};

/**
 * What a plan that is made now has of a retirement that was planned before everything else was done, which may be hours ago;
 * or why it is left. Nothing goes that the earlier plan did not name.
 */
export const renewRetirement = async (
  planAgain: PlanAgain,
  options: Options,
): Promise<(change: Change) => Change | Verdict> => {
  try {
    const changes = (await planAgain(options)).filter(isRetirement);
    const now = new Map(changes.map((change) => [sameOf(change), change]));
    return (change) => now.get(sameOf(change)) ?? kept('it is not to go any more, as the regions are by now');
  } catch (error) {
    const left = options.signal.aborted
      ? timeEnded()
      : kept(`the regions could not be looked at again: ${asFerryError(error).explanation}`);
    return () => left;
  }
};
