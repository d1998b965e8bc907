import type { Leases } from '../state/leases.ts';
import type { StepRun } from './step.ts';

/** Receipts after which a message that gets further is sent anew: two less than serverless.yml's maxReceiveCount. */
const oftenReceived = 3;

/**
 * Whether a message would soon be a dead letter though each of its runs got further: it is to be sent anew, so that the
 * count of its receipts begins again. What a first run finds need not be kept, since nobody compares with it.
 * @param stored tells how much of the work is done when the run begins, as `Leases.advance` takes it
 */
export const hasComeOften = async <Ref>(
  leases: Leases<Ref>,
  { ref, attempt, receiveCount }: Pick<StepRun<Ref, unknown>, 'ref' | 'attempt' | 'receiveCount'>,
  stored: () => Promise<number>,
): Promise<boolean> => {
  if (receiveCount < oftenReceived - 1) return false;
  return (await leases.advance(ref, attempt, await stored())) && receiveCount >= oftenReceived;
};
