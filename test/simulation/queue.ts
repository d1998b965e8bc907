import type { Delivery, StepMessage } from '../../lib/state/messages.ts';
import type { Clock, Life } from './clock.ts';
import type { Load } from './load.ts';

/** One invocation, as its event source starts it. */
export interface Invocation {
  readonly message: StepMessage;
  readonly delivery: Delivery;
  /** To be ended early where the invocation dies. */
  readonly life: Life;
}

/** The message of one that dies comes again when it is not hidden any more. None fails: nothing is ever refused here. */
type Invoke = (invocation: Invocation) => Promise<'done' | 'dead'>;

export interface QueueOptions {
  readonly clock: Clock;
  readonly sqs: Load['sqs'];
  readonly waiting: Load['streamWaiting'];
  readonly atWork: Load['streamAtWork'];
  readonly concurrency: number;
}

/** A queue with its function, so many invocations at a time: messages are handed out at once, first come, first served. */
export const createQueue = (options: QueueOptions, invoke: Invoke) => {
  const { clock, sqs, waiting, atWork, concurrency } = options;
  const messages: { readonly message: StepMessage; readonly receiveCount: number }[] = [];

  const receive = async (message: StepMessage, receiveCount: number): Promise<void> => {
    waiting.change(-1);
    atWork.change(1);
    let visibleAtMs = clock.nowMs();
    const hideFor = async (seconds: number): Promise<void> => {
      sqs.add(1);
      visibleAtMs = clock.nowMs() + seconds * 1000;
    };
    const life: Life = { isOver: false };
    const invocation = { message, delivery: { receiveCount, hideFor }, life };
    const outcome = await invoke(invocation);
    atWork.change(-1);
    // A receipt, and a deletion, each.
    sqs.add(outcome === 'done' ? 2 : 1);
    if (outcome !== 'done')
      void clock.sleep((visibleAtMs - clock.nowMs()) / 1000).then(() => add(message, receiveCount + 1));
    next();
  };
  const next = (): void => {
    if (atWork.now() >= concurrency) return;
    const first = messages.shift();
    if (first) void receive(first.message, first.receiveCount);
  };
  const add = (message: StepMessage, receiveCount: number): void => {
    waiting.change(1);
    messages.push({ message, receiveCount });
    next();
  };

  return {
    send: (message: StepMessage, delayS = 0): void => {
      sqs.add(1);
      // Not a part of the sender's life.
      clock.within(undefined, () => {
        if (delayS === 0) add(message, 1);
        else void clock.sleep(delayS).then(() => add(message, 1));
      });
    },
  };
};
