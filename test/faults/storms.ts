import { type Call, nameOf } from './call-log.ts';
import { type Delivery, type Fate, type Plan, pass } from './context.ts';
import { failingEnds } from './failing-ends.ts';
import { finalFaults, passingFaults, rightData, wrongData } from './faults.ts';
import { type ImportUnderTest, successes, variants } from './imports-under-test.ts';
import type { Case } from './one-run.ts';
import { changesOf } from './owner-changes.ts';
import { createRandom, type Random, seedOf } from './random.ts';
import { nineKinds, severalKinds } from './several.ts';

/** How much goes wrong in one storm. Probabilities are of each call, message or invocation. */
interface Weather {
  readonly passing: number;
  readonly final: number;
  readonly death: number;
  readonly change: number;
  readonly odd: number;
  readonly isSkewed: boolean;
  readonly bendsData: boolean;
  /** Then the weather clears up, so that the import comes to its end. */
  readonly mostFaults: number;
}

const mostOddDeliveries = 12;
const minute = 60_000; // ms

const weatherOf = (random: Random, kind: ImportUnderTest): Weather => ({
  bendsData: isVouchedFor(kind),
  passing: random.pick([0, 0.03, 0.1]),
  final: random.pick([0, 0, 0.01]),
  death: random.pick([0, 0.01, 0.04]),
  change: random.pick([0, 0, 0.02]),
  odd: random.pick([0, 0.1, 0.3]),
  isSkewed: random.chance(0.15),
  mostFaults: 1 + random.integer(8),
});

/** Nothing vouches for the bytes of a web-download, or of a source without a hash: a wrong one cannot be told. */
const isVouchedFor = ({ name }: ImportUnderTest): boolean =>
  !name.startsWith('web-download') && name !== 'source without a hash';

const dataFaults = [...rightData, ...wrongData];
const dataFaultOf = (random: Random, { operation }: Call): Fate | undefined =>
  operation === 'GET file' ? { kind: 'fault', fault: random.pick(dataFaults).fault } : undefined;

const fateIn = (weather: Weather, random: Random, call: Call): Fate => {
  const { passing, final, death } = weather;
  const drawn = random.next();
  if (drawn < death) return { kind: 'die', when: random.pick(['before', 'after']) };
  if (drawn < death + final) return { kind: 'fault', fault: random.pick(finalFaults(call)).fault };
  if (drawn > death + final + passing) return pass;
  const bent = weather.bendsData && random.chance(0.3) ? dataFaultOf(random, call) : undefined;
  return bent ?? { kind: 'fault', fault: random.pick(passingFaults(call)).fault };
};

const oddDelivery = (random: Random): Delivery => ({
  delaysMs: random.pick([[0, 0], [0, 300], [0, 3000], [800], [3500]]),
});

/** Every decision follows from the seed and the name of what it is about, in whatever order calls are made. */
const stormPlan = (seed: number, weather: Weather, change: (call: Call, random: Random) => void): Plan => {
  let faults = 0;
  let deliveries = 0;
  return {
    fateOf: (call) => {
      const random = createRandom(seedOf(seed, nameOf(call)));
      if (random.chance(weather.change)) change(call, random);
      const fate = fateIn(weather, random, call);
      if (fate.kind === 'pass' || faults === weather.mostFaults) return pass;
      faults += 1;
      return fate;
    },
    deliver: () => {
      deliveries += 1;
      const random = createRandom(seedOf(seed, `delivery ${deliveries}`));
      // A message that finds another attempt at work is sent anew: if all came twice, they would be more and more.
      const isOdd = deliveries <= mostOddDeliveries && random.chance(weather.odd);
      return isOdd ? oddDelivery(random) : { delaysMs: [0] };
    },
    skewMs: (step, number) =>
      weather.isSkewed ? createRandom(seedOf(seed, `${step}/${number}`)).pick([-10, 0, 10]) * minute : 0,
  };
};

const kindIn = (random: Random): ImportUnderTest =>
  random.pick(random.chance(0.8) ? [...successes, ...variants] : failingEnds);

const group = 'storms';
const severalGroup = 'storms over several imports';

/** Whether a case is one of these. */
export const isStorm = ({ group: name }: Case): boolean => name === group || name === severalGroup;

/** The last of them comes when the others are on their way, or about to end. */
const withLatecomer = (random: Random, kind: ImportUnderTest): ImportUnderTest => {
  const step = random.pick(['stream-image', 'apply-metadata', 'fail-import']);
  const number = 1 + random.integer(30);
  return {
    ...kind,
    prepare: async (deployment) => {
      const prepared = await kind.prepare(deployment);
      let calls = 0;
      const last = prepared.at(-1);
      if (last && prepared.length > 1)
        last.joins = (call) => {
          if (call.step === step) calls += 1;
          return calls === number;
        };
      return prepared;
    },
  };
};

const severalIn = (random: Random): ImportUnderTest => {
  return random.chance(0.4)
    ? withLatecomer(random, random.pick([...severalKinds, ...nineKinds]))
    : random.pick(severalKinds);
};

interface StormGroup {
  readonly group: string;
  /** Names the case, with its number. */
  readonly name: string;
  kindIn(random: Random): ImportUnderTest;
}

const storm = (seed: number, number: number, { group: row, name, kindIn: pick }: StormGroup): Case => {
  const random = createRandom(seedOf(seed, `${name} ${number}`));
  const kind = pick(random);
  const weather = weatherOf(random, kind);
  // Who dies, or is refused to give back its lease, and whose clock is ahead: it ends when the others' have come so far.
  const calm = weather.isSkewed ? { ...weather, death: 0, final: 0 } : weather;
  // What an import fails by stays.
  const changes = changesOf(kind).filter(({ name }) => !kind.fails || !name.startsWith('source replaced'));
  return {
    ...{ group: row, name: `${name} ${number}`, kind, ends: kind.fails ? 'failure' : 'either' },
    plan: (prepared, deployment) =>
      stormPlan(seedOf(seed, `weather of ${name} ${number}`), calm, (_, drawn) =>
        drawn.pick(changes).make(drawn.pick(prepared), deployment),
      ),
  };
};

const numbered = (count: number, made: (number: number) => Case): Case[] =>
  Array.from({ length: count }, (_, index) => made(index + 1));

/** Random mixtures of everything, the same ones for the same seed: over single imports, and over several. */
export const storms = (seed: number, count: number, severalCount: number): Case[] => [
  ...numbered(count, (number) => storm(seed, number, { group, name: 'storm', kindIn })),
  ...numbered(severalCount, (number) =>
    storm(seed, number, { group: severalGroup, name: 'storm over several', kindIn: severalIn }),
  ),
];
