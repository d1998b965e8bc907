import { type Delivery, type Plan, pass } from './context.ts';
import { endOf } from './crash-points.ts';
import type { Deployment } from './deployment.ts';
import type { ImportUnderTest, PreparedImports } from './imports-under-test.ts';
import type { Case } from './one-run.ts';
import { poison, sendToAll } from './poison.ts';
import { sweep } from './sweeping.ts';

const minute = 60_000; // ms
const steps = ['stream-image', 'apply-metadata', 'fail-import'] as const;

/** Ways in which a queue delivers, that SQS allows itself: at least once, in any order, at any time. */
const deliveries: Readonly<Record<string, Delivery>> = {
  'comes twice at once': { delaysMs: [0, 0] },
  'comes three times, one while the first is at work': { delaysMs: [0, 20, 300] },
  'comes again when its work is long done': { delaysMs: [0, 2500] },
  'comes late': { delaysMs: [1500] },
  'comes when it is visible again': { delaysMs: [3500] },
};

const delivered = (kind: ImportUnderTest): Case[] =>
  Object.entries(deliveries).flatMap(([name, delivery]) =>
    steps.map((step) => ({
      ...{ group: `${kind.name}: its queues`, name: `${step}'s message ${name}`, kind, ends: endOf(kind) },
      plan: (): Plan => {
        let deliveries = 0;
        return {
          fateOf: () => pass,
          // The first one only: what finds another attempt at work is sent anew, and would come twice again.
          deliver: (to) => {
            if (to === step) deliveries += 1;
            return to === step && deliveries === 1 ? delivery : { delaysMs: [0] };
          },
        };
      },
    })),
  );

/** Every other one waits, so that what was sent first comes last. */
const reordered = (kind: ImportUnderTest): Case => ({
  ...{ group: `${kind.name}: its queues`, name: 'messages come in another order', kind, ends: endOf(kind) },
  plan: (): Plan => {
    let deliveries = 0;
    return {
      fateOf: () => pass,
      deliver: () => {
        deliveries += 1;
        return { delaysMs: [deliveries % 2 === 1 ? 900 : 0] };
      },
    };
  },
});

/** Somebody purges a queue: the import has no message any more. */
const purged = (kind: ImportUnderTest): Case[] =>
  steps.map((step) => ({
    ...{ group: `${kind.name}: its queues`, name: `${step}'s message is lost`, kind, ends: endOf(kind) },
    plan: () => {
      let isLost = false;
      return {
        fateOf: () => pass,
        deliver: (to) => {
          if (to !== step || isLost) return { delaysMs: [0] };
          isLost = true;
          return { delaysMs: [] };
        },
      };
    },
  }));

/** A message that finds another attempt at work is sent anew: if all came twice, they would be more and more. */
const mostCopied = 6;

/** Clocks that are ten minutes off, each function's another way; with a message that comes twice as well. */
const skewed = (kind: ImportUnderTest): Case[] =>
  [1, -1].flatMap((sign) =>
    [1, 2].map((copies) => ({
      ...{ group: `${kind.name}: clocks`, kind },
      // Two that take each other for dead work side by side: the import may fail then, but not lie.
      ends: copies === 1 ? endOf(kind) : ('either' as const),
      name: `clocks ${sign * 10} min off, by turns, ${copies === 1 ? 'each message once' : 'each message twice'}`,
      plan: (): Plan => {
        let deliveries = 0;
        return {
          fateOf: () => pass,
          skewMs: (step, number) => sign * 10 * minute * (-1) ** (number + step.length),
          deliver: () => {
            deliveries += 1;
            return { delaysMs: copies === 2 && deliveries <= mostCopied ? [0, 100] : [0] };
          },
        };
      },
    })),
  );

/** Imports that somebody else's message is to leave alone. */
const bystanders = ['one stream', 'segments'];

const poisoned = (kind: ImportUnderTest): Case[] =>
  bystanders.includes(kind.name)
    ? poison.map(({ name, bodyFor }) => ({
        ...{ group: `${kind.name}: its queues`, kind, ends: endOf(kind) },
        name: `a message ${name} in every queue`,
        plan: (prepared: PreparedImports, deployment: Deployment): Plan => {
          void sendToAll(bodyFor(prepared[0], deployment), deployment);
          return { fateOf: () => pass };
        },
      }))
    : [];

/** sweep-imports, by a clock that is right or off, while the import is at work: it must leave it alone. */
const swept = (kind: ImportUnderTest): Case[] =>
  [0, 10, -10].map((minutes) => ({
    ...{ group: 'sweep-imports beside an import', kind, ends: endOf(kind) },
    name: `sweep-imports runs again and again, its clock ${minutes} min off`,
    plan: (_: PreparedImports, deployment: Deployment): Plan => {
      let calls = 0;
      return {
        fateOf: () => {
          calls += 1;
          if (calls % 5 === 0) void sweep(deployment, minutes / 60);
          return pass;
        },
      };
    },
  }));

export const queueFaults = (kind: ImportUnderTest): Case[] => [
  ...delivered(kind),
  reordered(kind),
  ...purged(kind),
  ...skewed(kind),
  ...poisoned(kind),
  ...swept(kind),
];
