import { setTimeout as delay } from 'node:timers/promises';
import type { BusEvent } from './put-events.ts';
import type { Rule, RuleTarget } from './rules.ts';

/** An event, and the bus that it came to. */
export interface Received {
  readonly bus: string;
  readonly event: BusEvent;
}

/** Puts a message into a queue. @throws while the queue cannot be reached */
export type Deliver = (queue: string, body: string) => Promise<void>;

/** Between tries at a queue that does not answer, ms. */
const retryMs = 200;

/** Buses of any name: what they have taken, and the rules by which they send it on, at least once. */
export const createBuses = (deliver: Deliver) => {
  const rules = new Map<string, Rule>();
  const received: Received[] = [];
  const deliveries = new Set<Promise<void>>();
  let stopping = false;

  const deliverTo = async ({ queue, bodyOf }: RuleTarget, event: BusEvent): Promise<void> => {
    while (!stopping) {
      try {
        return await deliver(queue, bodyOf(event));
      } catch {
        await delay(retryMs);
      }
    }
  };
  const settled = async (): Promise<void> => void (await Promise.all(deliveries));
  const keyOf = ({ bus, name }: Pick<Rule, 'bus' | 'name'>): string => `${bus}/${name}`;

  return {
    /** All that was taken, oldest first. */
    received: received as readonly Received[],
    addRule: (rule: Rule): void => void rules.set(keyOf(rule), rule),
    rule: (at: Pick<Rule, 'bus' | 'name'>): Rule | undefined => rules.get(keyOf(at)),
    removeRule: (at: Pick<Rule, 'bus' | 'name'>): void => void rules.delete(keyOf(at)),
    /** Its targets get it after the answer, whether or not they are there now; `times` times. */
    take: (bus: string, event: BusEvent, times: number): void => {
      received.push({ bus, event });
      const targets = [...rules.values()]
        .filter((rule) => rule.bus === bus && rule.matches(event))
        .flatMap((rule) => rule.targets);
      for (const target of Array.from({ length: times }, () => targets).flat()) {
        const delivery = deliverTo(target, event).finally(() => deliveries.delete(delivery));
        deliveries.add(delivery);
      }
    },
    /** Resolves when all that was taken is delivered. */
    settled,
    stop: async (): Promise<void> => {
      stopping = true;
      await settled();
    },
  };
};

export type Buses = ReturnType<typeof createBuses>;
